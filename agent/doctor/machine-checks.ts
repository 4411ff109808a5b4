import { mkdir, open, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isNoSpace } from "../../base/disk-reserve.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import { aliveHolder } from "../../base/file-lock.ts";
import { newId } from "../../base/ids.ts";
import { runCommand } from "../../base/run-command.ts";
import { formatBytes } from "../../base/units.ts";
import { engineFacts } from "../../runner/docker/engine-facts.ts";
import { which } from "../../runner/environment/interpreter.ts";
import { hostEnvironment } from "../../runner/host-environment.ts";
import { createMemoryCgroup } from "../../runner/process/memory-cgroup.ts";
import { type Check, type Finding, fail, ok, warn } from "./check.ts";
import type { DoctorContext } from "./context.ts";

const LITTLE_BYTES = 5 * 2 ** 30;
const TOO_LITTLE_BYTES = 512 * 2 ** 20;
const FEW_INODES = 20_000;
/** The journal is synced several times in each claim. */
const SLOW_SYNC_MS = 50;
const SYNCS = 8;

/** Disk, memory and devices of this machine. */
export const MACHINE: readonly Check[] = [
  { id: "state folder", needs: ["configuration"], timeoutMs: 20_000, look: stateFolder },
  { id: "other agent", needs: ["state folder"], timeoutMs: 5_000, look: otherAgent },
  { id: "disk", needs: ["state folder"], timeoutMs: 10_000, look: ({ config }) => freeSpace(config.stateFolder) },
  { id: "engine's disk", needs: ["engine"], applies: (context) => context.isDocker, timeoutMs: 15_000, look: engineDisk },
  { id: "gpus", needs: ["configuration"], applies: ({ config }) => config.gpus !== "none", timeoutMs: 20_000, look: gpus },
  { id: "memory limit", needs: ["configuration"], applies: (context) => !context.isDocker, timeoutMs: 5_000, look: memoryLimit },
];

/** Writable, and how long a synced write takes. */
async function stateFolder({ config }: DoctorContext): Promise<Finding> {
  const folder = config.stateFolder;
  const probe = join(folder, `doctor-${newId().slice(0, 8)}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const ms = await syncTime(probe);
    const detail = `${folder} is writable, a synced write takes ${ms.toFixed(1)} ms`;
    return ms > SLOW_SYNC_MS
      ? warn(detail, "Each claim waits for several of them: put the state folder (--state) on a faster disk.")
      : ok(detail);
  } catch (error) {
    const cure = isNoSpace(error)
      ? "Its disk is full: windlass gc removes what no run uses; else make room there."
      : "Give it to the agent's user, or name another with --state or agent.state.";
    return fail(`${folder} cannot be written (${codeOf(error) ?? messageOf(error)})`, cure);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

async function syncTime(path: string): Promise<number> {
  const file = await open(path, "wx", 0o600);
  try {
    const started = performance.now();
    for (let at = 0; at < SYNCS; at++) {
      await file.write(Buffer.alloc(4096));
      await file.sync();
    }
    return (performance.now() - started) / SYNCS;
  } finally {
    await file.close();
  }
}

/** An agent at work is no fault: nothing that the doctor does disturbs it. */
async function otherAgent({ config }: DoctorContext): Promise<Finding> {
  const pid = await aliveHolder(join(config.stateFolder, "agent.lock"));
  return ok(pid === undefined ? "none runs on this state folder" : `process ${pid} runs on this state folder`);
}

async function freeSpace(folder: string): Promise<Finding> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${formatBytes(free)} free at ${folder}${files === 0 ? "" : `, ${ffree} inodes`}`;
  const cure = "Free some, or name another folder with --state; consoles of ended runs go after agent.keep_runs.";
  if (free < TOO_LITTLE_BYTES) return fail(detail, cure);
  if (files > 0 && ffree < FEW_INODES)
    return warn(detail, "Few inodes: remove small files (old virtual environments), or use another file system.");
  return free < LITTLE_BYTES ? warn(detail, cure) : ok(detail);
}

/** Images and containers may lie on another disk; that of a remote engine cannot be looked at. */
async function engineDisk({ config }: DoctorContext): Promise<Finding> {
  const { rootFolder } = await engineFacts(config.runSettings.docker.host);
  try {
    return await freeSpace(
      await statfs(rootFolder).then(
        () => rootFolder,
        () => nearest(rootFolder),
      ),
    );
  } catch {
    return ok(`${rootFolder} of the engine cannot be seen from here`);
  }
}

/** A user without rights below it still learns of the disk. */
async function nearest(folder: string): Promise<string> {
  const parent = dirname(folder);
  await statfs(parent);
  return parent;
}

async function gpus({ config }: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const named = Array.isArray(config.gpus) ? config.gpus.join(", ") : undefined;
  const tool = await which("nvidia-smi");
  if (tool === undefined)
    return named === undefined
      ? ok("none: there is no nvidia-smi")
      : fail(`agent.gpus names ${named}, but there is no nvidia-smi`, "Install the NVIDIA driver, or start with --cpu-only.");
  const { exitCode, stdout, stderr } = await runCommand(tool, ["-L"], { env: hostEnvironment(config.runSettings), signal });
  if (exitCode !== 0)
    return fail(
      `nvidia-smi fails (${(stderr || stdout).trim().split("\n")[0] ?? ""})`,
      "Mend the NVIDIA driver (a reboot after its update often helps), or start with --cpu-only.",
    );
  const found = stdout.split("\n").filter((line) => line.startsWith("GPU "));
  const missing = Array.isArray(config.gpus) ? config.gpus.filter((gpu) => /^\d+$/.test(gpu) && Number(gpu) >= found.length) : [];
  if (missing.length > 0)
    return fail(`agent.gpus names ${missing.join(", ")}, but there are ${found.length}`, "nvidia-smi -L lists them, from 0.");
  return ok(found.map((line) => line.replace(/ \(UUID.*/, "")).join(", ") || "none");
}

async function memoryLimit({ config }: DoctorContext): Promise<Finding> {
  const limit = config.runSettings.process.memoryLimitBytes;
  const group = await createMemoryCgroup(`doctor-${newId().slice(0, 8)}`, limit ?? 2 ** 26);
  await group?.remove();
  if (group !== undefined) return ok(limit === undefined ? "possible, none is set" : `${formatBytes(limit)} for each task`);
  if (limit === undefined) return ok("not possible for this user, and none is set (process.memory_limit)");
  return warn(
    `process.memory_limit is ${formatBytes(limit)}, but this user may make no cgroup: it does not hold`,
    "Run the agent as a systemd service with Delegate=yes or as root, or run tasks in containers.",
  );
}
