import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { type OwnUnit, ownUnit } from "../../base/own-unit.ts";

const run = promisify(execFile);
const MADE_WITHIN_MS = 5_000;
const MOVED_WITHIN_MS = 2_000;
const MANAGER = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
const UNLIMITED = "18446744073709551615";
/** Scopes of older versions do not know it, and then do as it says anyway. */
const OOM_POLICY = ["OOMPolicy", "s", "continue"];

export const scopeName = (runId: string): string => `windlass-run-${runId}.scope`;

/**
 * Under systemd every run gets a transient scope of its own: then neither a restart of the agent's service, nor its watchdog,
 * nor the kernel's memory killer takes it for a part of the service. systemd moves a process that is already there, by one
 * call of 8 ms; `systemd-run --scope` around the program takes longer, and its failure would be the program's.
 */
export class RunScopes {
  readonly #logger: Logger;
  #isRefused = false;
  #isTold = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Moves a process that has no children yet into the run's scope. False: there is no systemd, or it does not let this agent. */
  async enclose(pid: number, runId: string, limitBytes: number | undefined): Promise<boolean> {
    const unit = await ownUnit();
    if (unit === undefined || this.#isRefused) return false;
    try {
      await startScope(unit, runId, scopeProperties(unit, pid, runId, limitBytes));
      return await hasMoved(pid, scopeName(runId));
    } catch (error) {
      this.#degrade(error);
      return false;
    }
  }

  /** One line; the runs then stay in the agent's own cgroup, where `KillMode=process` keeps them alive. */
  #degrade(error: unknown): void {
    const why = (error as { stderr?: string }).stderr?.trim() || messageOf(error);
    this.#isRefused = /access denied|not permitted|authentication|ENOENT/i.test(why);
    if (!this.#isTold) this.#logger.warn({ why }, "runs get no scope of systemd's; they stay in the agent's own control group");
    this.#isTold = true;
  }
}

async function startScope(unit: OwnUnit, runId: string, properties: readonly (readonly string[])[]): Promise<void> {
  const call = async (list: readonly (readonly string[])[]): Promise<unknown> => {
    const flags = unit.managerFlags.length === 0 ? ["--system"] : unit.managerFlags;
    const signature = ["StartTransientUnit", "ssa(sv)a(sa(sv))"];
    const args = [...flags, "call", ...MANAGER, ...signature, scopeName(runId), "fail", String(list.length), ...list.flat(), "0"];
    return await run("busctl", args, { timeout: MADE_WITHIN_MS, killSignal: "SIGKILL" });
  };
  await call([...properties, OOM_POLICY]).catch((error: { stderr?: string }) => {
    if (error.stderr?.includes("OOMPolicy") !== true) throw error;
    return call(properties);
  });
}

/**
 * As busctl writes them: name, type, value. `Before`: when the machine goes down the agent, which leaves its runs to the next
 * one, is stopped first, and does not take their end for a failure.
 */
export function scopeProperties(unit: OwnUnit, pid: number, runId: string, limitBytes: number | undefined): string[][] {
  const memory = [
    ["MemoryMax", "t", String(limitBytes)],
    ["MemorySwapMax", "t", "0"],
  ];
  return [
    ["PIDs", "au", "1", String(pid)],
    ["Description", "s", `Windlass run ${runId}`],
    ["Slice", "s", unit.slice],
    ["Before", "as", "1", unit.name],
    ["CollectMode", "s", "inactive-or-failed"],
    ["TasksMax", "t", UNLIMITED],
    ...(limitBytes === undefined ? [] : memory),
  ];
}

/** The call returns when the job is in the queue; the process is moved right after. */
async function hasMoved(pid: number, scope: string): Promise<boolean> {
  const deadline = performance.now() + MOVED_WITHIN_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    if ((await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "")).includes(`/${scope}`)) return true;
    if (performance.now() > deadline) throw new Error(`systemd made ${scope} and did not move process ${pid} into it`);
    await pause(pauseMs);
  }
}
