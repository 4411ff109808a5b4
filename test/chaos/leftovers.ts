import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AgentUnderTest } from "./agent-under-test.ts";

const run = promisify(execFile);

type Kind = "container" | "process" | "lock" | "workspace" | "journal record" | "temporary file";

const LOOKS: Readonly<Record<Kind, (agent: AgentUnderTest) => Promise<string[]>>> = {
  container: containersOf,
  process: processesOf,
  lock: locksIn,
  workspace: (agent) => workspacesOf(agent.stateFolder),
  "journal record": (agent) => namesIn(join(agent.stateFolder, "journal")),
  "temporary file": (agent) => namesIn(join(agent.stateFolder, "tmp")),
};

/** What a run may not leave when it was aborted; its report may take a little longer. */
export const OF_A_RUN: readonly Kind[] = ["container", "process", "lock"];

/** What an agent without work may not have left. */
export async function leftoversOf(agent: AgentUnderTest, kinds: readonly Kind[] = Object.keys(LOOKS) as Kind[]): Promise<string[]> {
  const found = await Promise.all(kinds.map(async (kind) => (await LOOKS[kind](agent)).map((name) => `a ${kind}: ${name}`)));
  return found.flat().map((what) => `${agent.name} left ${what}`);
}

async function containersOf(agent: AgentUnderTest): Promise<string[]> {
  const id = await agent.id();
  if (id === undefined) return [];
  const args = ["ps", "-a", "--filter", `label=windlass.agent=${id}`, "--format", "{{.Names}} {{.Status}}"];
  const { stdout } = await run("docker", args).catch(() => ({ stdout: "" }));
  return stdout.split("\n").filter((line) => line !== "");
}

/** Processes with the mark of one of its runs, or with its state folder, in their environment. */
async function processesOf(agent: AgentUnderTest): Promise<string[]> {
  const runs = await namesIn(join(agent.stateFolder, "runs"));
  const marks = [agent.stateFolder, ...runs.map((claim) => `WINDLASS_RUN=${claim}`)];
  return await processesWith((environ) => marks.some((mark) => environ.includes(mark)));
}

/** Live processes of this machine, containers' included, by what stands in their environment; a zombie does not live. */
export async function processesWith(matches: (environ: string) => boolean): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => lineOf(pid, matches)));
  return lines.filter((line) => line !== undefined);
}

async function lineOf(pid: string, matches: (environ: string) => boolean): Promise<string | undefined> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  if (!matches(await read("environ")) || /\) [ZX] /.test(await read("stat"))) return undefined;
  return `${pid} ${(await read("cmdline")).replaceAll("\0", " ").trim()}`;
}

async function workspacesOf(stateFolder: string): Promise<string[]> {
  const runs = await namesIn(join(stateFolder, "runs"));
  const parts = await Promise.all(
    runs.map(async (claim) => (await namesIn(join(stateFolder, "runs", claim))).map((name) => join(claim, name))),
  );
  return parts.flat().filter((path) => /\/(workspace|files|tmp)$/.test(path));
}

/** Lock files anywhere in the state folder; the living agent's own is no leftover. */
async function locksIn(agent: AgentUnderTest): Promise<string[]> {
  const names = await readdir(agent.stateFolder, { recursive: true }).catch(() => []);
  return names.filter((name) => /\.lock(\.|$)/.test(name)).filter((name) => !(agent.alive && name === "agent.lock"));
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Ends whatever an agent under test has left, so that a failing scenario does not burden the machine. */
export async function removeLeftovers(agent: AgentUnderTest): Promise<void> {
  for (const line of await processesOf(agent)) process.kill(Number(line.split(" ")[0]), "SIGKILL");
  const id = await agent.id();
  if (id === undefined) return;
  const label = `label=windlass.agent=${id}`;
  await removeAll(["ps", "-aq", "--filter", label], ["rm", "-f", "-v"]);
  await removeAll(["images", "-aq", "--filter", label], ["rmi", "-f"]);
}

async function removeAll(list: readonly string[], remove: readonly string[]): Promise<void> {
  const { stdout } = await run("docker", [...list]).catch(() => ({ stdout: "" }));
  const ids = [...new Set(stdout.split("\n").filter((id) => id !== ""))];
  if (ids.length > 0) await run("docker", [...remove, ...ids]).catch(() => undefined);
}
