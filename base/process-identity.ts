import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { codeOf } from "./errors.ts";

/** Names one process for ever: a pid alone is used again, with its start time and the boot it is unique. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat; empty where there is no /proc. */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id; empty where there is none. */
  readonly bootId: string;
  /** In which processes are numbered, and whose boot it was; undefined where nobody asked. */
  readonly place?: { readonly pidSpace: string; readonly host: string };
}

/** The identity of a live process, or undefined if it is gone. A zombie counts as gone once the last of its threads is. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await startTimeOf(pid);
  if (startTime === undefined) return undefined;
  return { pid, startTime, bootId: await currentBootId() };
}

/** Whether exactly this process is still alive. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

/** The identity of this process, for others who may look from another container or machine. */
export async function ownIdentity(): Promise<ProcessIdentity | undefined> {
  const identity = await identityOf(process.pid);
  return identity && { ...identity, place: { pidSpace: await pidSpace(), host: hostname() } };
}

/** Whether `isAlive` can tell: not of a process of another container, nor of another machine with the same folder. */
export async function isVisible({ bootId, place }: ProcessIdentity): Promise<boolean> {
  if (place === undefined) return true;
  if (bootId !== (await currentBootId())) return place.host === hostname();
  return place.pidSpace === (await pidSpace());
}

/** Names the space in which this process is numbered; empty where there are none. */
export async function pidSpace(): Promise<string> {
  return await readlink("/proc/self/ns/pid").catch(() => "");
}

/** How many processes and threads this machine has started since its boot; undefined where there is no /proc. */
export async function forksSoFar(): Promise<number | undefined> {
  const count = /^processes (\d+)$/m.exec((await textOf("/proc/stat")) ?? "")?.[1];
  return count === undefined ? undefined : Number(count);
}

/**
 * The lowest pid that anything which was started after `pid` may have, `forksThen` being the count of that moment: numbers
 * only grow, until they run out and begin anew; then it is 1.
 */
export async function lowestPidSince(pid: number, forksThen: number | undefined): Promise<number> {
  const [now, most] = [await forksSoFar(), Number(await textOf("/proc/sys/kernel/pid_max"))];
  return forksThen !== undefined && now !== undefined && pid + now - forksThen < most ? pid : 1;
}

/** Names what a process cannot outlive: the boot of the machine, and the first process of its container (or machine). */
export interface HostIdentity {
  readonly bootId: string;
  /** Start time of PID 1, which in a container changes with every start of it; empty where there is no /proc. */
  readonly initStartTime: string;
}

export async function hostIdentity(): Promise<HostIdentity> {
  return { bootId: await currentBootId(), initStartTime: (await startTimeOf(1)) ?? "" };
}

export async function currentBootId(): Promise<string> {
  return (await textOf("/proc/sys/kernel/random/boot_id"))?.trim() ?? "";
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await textOf(`/proc/${pid}/stat`);
  if (stat === undefined) return process.platform === "linux" ? undefined : startTimeBySignal(pid);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads] = [fields[0], Number(fields[17])];
  return (state === "Z" || state === "X") && threads <= 1 ? undefined : fields[19];
}

/** Without /proc only "is there any process of this number" can be told. */
function startTimeBySignal(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return "";
  } catch {
    return undefined;
  }
}

/** What keeps this process from looking (no more files may be opened) is no sign that there is nothing. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}
