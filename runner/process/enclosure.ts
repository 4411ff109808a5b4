import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readIfThere } from "../../base/files.ts";
import { ownUnit } from "../../base/own-unit.ts";
import type { RunContext } from "../engine.ts";
import { createMemoryCgroup, type MemoryCgroup, openMemoryCgroup } from "./memory-cgroup.ts";
import { type RunScopes, scopeName } from "./run-scope.ts";

/** The control group that holds all that a run starts, whatever it does to its group, session or environment. */
export interface Enclosure {
  /** Counts what the kernel killed in it for memory; undefined where there is no limit. */
  readonly eventsFile: string | undefined;
  pids(): Promise<number[]>;
  remove(): Promise<void>;
}

const NONE: Enclosure = { eventsFile: undefined, pids: () => Promise.resolve([]), remove: () => Promise.resolve() };

/** Puts a process without children into a scope of its own, or at least, where a memory limit is set, into a cgroup. */
export async function encloseRun(pid: number, context: RunContext, scopes: RunScopes): Promise<Enclosure> {
  const limitBytes = context.settings.process.memoryLimitBytes;
  if (await scopes.enclose(pid, context.runId, limitBytes)) return await limitedScope(context);
  if (limitBytes === undefined) return NONE;
  const cgroup = await createMemoryCgroup(context.runId, limitBytes);
  const entered = cgroup !== undefined && (await enter(cgroup, pid));
  if (!entered) await context.console.say("the memory limit is not applied: the agent may not make a cgroup on this machine");
  return entered ? byFolder(cgroup.procsFile, cgroup.eventsFile, () => cgroup.remove()) : NONE;
}

/** What an earlier agent process put this run into. */
export async function foundEnclosure(runId: string): Promise<Enclosure> {
  const cgroup = await openMemoryCgroup(runId);
  if (cgroup !== undefined) return byFolder(cgroup.procsFile, cgroup.eventsFile, () => cgroup.remove());
  const folders = await scopeFolders(runId);
  return folders === undefined ? NONE : byFolder(folders.procsFile, folders.eventsFile);
}

async function limitedScope(context: RunContext): Promise<Enclosure> {
  const folders = await scopeFolders(context.runId);
  if (folders === undefined) return NONE;
  const isWanted = context.settings.process.memoryLimitBytes !== undefined;
  const isLimited = isWanted && (await readIfThere(folders.eventsFile)) !== undefined;
  if (isWanted && !isLimited)
    await context.console.say("the memory limit is not applied: systemd has no memory controller for this service");
  return byFolder(folders.procsFile, isLimited ? folders.eventsFile : undefined);
}

async function enter(cgroup: MemoryCgroup, pid: number): Promise<boolean> {
  const done = await writeFile(cgroup.procsFile, String(pid)).then(
    () => true,
    () => false,
  );
  if (!done) await cgroup.remove();
  return done;
}

function byFolder(procsFile: string, eventsFile: string | undefined, remove = (): Promise<void> => Promise.resolve()): Enclosure {
  return { eventsFile, pids: () => processesBelow(dirname(procsFile)), remove };
}

async function processesBelow(folder: string): Promise<number[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const lists = files.filter((file) => file.endsWith("cgroup.procs")).map((file) => readFile(join(folder, file), "utf8").catch(() => ""));
  return (await Promise.all(lists)).flatMap((text) => text.split("\n").filter(Boolean).map(Number));
}

/** The scope is a neighbour of the agent's own service in every hierarchy; it takes its folders along when its last process ends. */
async function scopeFolders(runId: string): Promise<{ procsFile: string; eventsFile: string } | undefined> {
  const unit = await ownUnit();
  if (unit === undefined) return undefined;
  const cgroups = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
  return foldersFrom(cgroups, unit.name, scopeName(runId));
}

/** From the text of /proc/self/cgroup: with v1's hierarchies memory has one of its own. */
export function foldersFrom(cgroups: string, unit: string, scope: string): { procsFile: string; eventsFile: string } | undefined {
  const beside = (pattern: RegExp): string | undefined => {
    const path = pattern.exec(cgroups)?.[1];
    const at = path?.lastIndexOf(`/${unit}`) ?? -1;
    return at < 0 ? undefined : `${path?.slice(0, at)}/${scope}`;
  };
  const named = beside(/^\d+:name=systemd:(.*)$/m);
  const memory = beside(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m);
  const unified = beside(/^0::(.*)$/m);
  const procs = named === undefined ? unified && join("/sys/fs/cgroup", unified) : join("/sys/fs/cgroup/systemd", named);
  if (procs === undefined) return undefined;
  const events =
    memory === undefined
      ? join("/sys/fs/cgroup", unified ?? "", "memory.events")
      : join("/sys/fs/cgroup/memory", memory, "memory.oom_control");
  return { procsFile: join(procs, "cgroup.procs"), eventsFile: events };
}
