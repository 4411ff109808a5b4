import { readdir } from "node:fs/promises";
import { procText, TICKS_PER_SECOND } from "../../base/machine/proc-files.ts";
import type { FigureSource, RunFigures } from "./figure-source.ts";

/** Figures of a process with all its descendants, and whatever else is in its session, from /proc. */
export function createProcessTreeSource(rootPid: number): FigureSource {
  const ended = new Map<number, Usage>();
  const last = new Map<number, Usage>();
  return { sample: () => sampleTree(rootPid, last, ended) };
}

interface Usage {
  readonly cpuTicks: number;
  readonly memoryBytes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

const PAGE_BYTES = 4096;
const NOTHING: Usage = { cpuTicks: 0, memoryBytes: 0, readBytes: 0, writeBytes: 0 };

/** What a process used counts on after its end: counters of the run never fall. */
async function sampleTree(rootPid: number, last: Map<number, Usage>, ended: Map<number, Usage>): Promise<RunFigures | undefined> {
  const pids = await membersOf(rootPid);
  if (pids.length === 0) return undefined;
  const usages = new Map<number, Usage>();
  for (const pid of pids) usages.set(pid, (await usageOf(pid)) ?? last.get(pid) ?? NOTHING);
  for (const [pid, usage] of last) if (!usages.has(pid)) ended.set(pid, usage);
  last.clear();
  for (const [pid, usage] of usages) last.set(pid, usage);
  const total = (pick: (usage: Usage) => number, gone: boolean): number =>
    [...usages.values(), ...(gone ? ended.values() : [])].reduce((sum, usage) => sum + pick(usage), 0);
  return {
    cpuSeconds: total((usage) => usage.cpuTicks, true) / TICKS_PER_SECOND,
    memoryBytes: total((usage) => usage.memoryBytes, false),
    diskReadBytes: total((usage) => usage.readBytes, true),
    diskWriteBytes: total((usage) => usage.writeBytes, true),
  };
}

/** The session's members and every descendant, also of those that left it. */
async function membersOf(rootPid: number): Promise<number[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = (await Promise.all(pids.map(parentAndSession))).filter((row) => row !== undefined);
  const members = new Set(rows.filter((row) => row.session === rootPid || row.pid === rootPid).map((row) => row.pid));
  for (let grew = true; grew; ) {
    const next = rows.filter((row) => !members.has(row.pid) && members.has(row.parent));
    for (const row of next) members.add(row.pid);
    grew = next.length > 0;
  }
  return [...members];
}

async function parentAndSession(pid: number): Promise<{ pid: number; parent: number; session: number } | undefined> {
  const fields = statFields(await procText(`/proc/${pid}/stat`));
  return fields === undefined ? undefined : { pid, parent: Number(fields[1]), session: Number(fields[3]) };
}

/** The fields of /proc/PID/stat after the command, which may itself contain spaces and brackets. */
function statFields(stat: string | undefined): string[] | undefined {
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

async function usageOf(pid: number): Promise<Usage | undefined> {
  const [stat, io = ""] = await Promise.all([procText(`/proc/${pid}/stat`), procText(`/proc/${pid}/io`)]);
  const fields = statFields(stat);
  if (fields === undefined) return undefined;
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0);
  const ioValue = (key: string): number => Number(new RegExp(`^${key}: (\\d+)`, "m").exec(io)?.[1] ?? 0);
  return {
    cpuTicks: ticks,
    memoryBytes: Number(fields[21] ?? 0) * PAGE_BYTES,
    readBytes: ioValue("read_bytes"),
    writeBytes: ioValue("write_bytes"),
  };
}
