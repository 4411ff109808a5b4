import { readdir, readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../../base/clock.ts";
import { currentBootId, identityOf, lowestPidSince, type ProcessIdentity } from "../../base/process-identity.ts";
import { CONSOLE_ROLE, ROLE } from "../launch/console-pipe.ts";

/** The variable by which everything that a run started is found again, whatever group or session it moved to. */
export const RUN_MARK = "WINDLASS_RUN";

export interface Member {
  readonly pid: number;
  /** It only brings the console to its file, and ends by itself when nobody writes any more. */
  readonly isConsole: boolean;
}

const CONSOLE_MARK = Buffer.from(`${ROLE}=${CONSOLE_ROLE}\0`);

const NOBODY: ReadonlySet<number> = new Set();

/** Where members of a run are looked for, beside their mark. */
export interface Places {
  readonly pgid?: number | undefined;
  /** The group may be a stranger's by now: it is the run's only where one of it has the run's mark. */
  readonly isDoubtful?: boolean;
  readonly enclosed?: ReadonlySet<number>;
  /** Nothing of the run has a lower pid. */
  readonly fromPid?: number;
}

/** Live processes that carry the run's mark in their environment, or are of this process group or of these; a zombie is not alive. */
export async function membersOf(runId: string, places: Places = {}): Promise<Member[]> {
  const { pgid, isDoubtful = false, enclosed = NOBODY, fromPid = 1 } = places;
  const mark = Buffer.from(`${RUN_MARK}=${runId}\0`);
  const names = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const pids = names.map(Number).filter((pid) => pid >= fromPid || enclosed.has(pid));
  const found = (await Promise.all(pids.map((pid) => processAt(pid, mark)))).filter((one) => one !== undefined);
  const isGroupOurs = !isDoubtful || found.some(({ isMarked, group }) => isMarked && group === pgid);
  return found.filter(({ pid, group, isMarked }) => isMarked || (isGroupOurs && group === pgid) || enclosed.has(pid));
}

interface Found extends Member {
  readonly group: number;
  readonly isMarked: boolean;
}

async function processAt(pid: number, mark: Buffer): Promise<Found | undefined> {
  const environ = await readFile(`/proc/${pid}/environ`).catch(() => undefined);
  const isMarked = environ?.includes(mark) === true;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state = "X", , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if ("ZX".includes(state)) return undefined;
  return { pid, group: Number(group), isMarked, isConsole: environ?.includes(CONSOLE_MARK) === true };
}

/** All by which the processes of a run are found, beside its mark. */
export interface RunProcesses {
  readonly leader: ProcessIdentity;
  readonly runId: string;
  /** Those of its control group, where it has one. */
  readonly enclosed?: () => Promise<number[]>;
  /** `forksSoFar` of before its start: spares a look at all that was there already. */
  readonly forksThen?: number | undefined;
}

/**
 * SIGTERM to the group and to all that left it, a grace period, SIGKILL until nothing is left (10 s at most). The console's
 * `cat` goes last, when it has brought home what was printed. The answer: whether nothing is left.
 */
export async function endRun(run: RunProcesses, graceMs: number, clock: Clock = systemClock): Promise<boolean> {
  const members = (): Promise<Member[]> => membersNow(run);
  const gone = (withinMs: number): Promise<boolean> => allGone(members, withinMs, clock);
  if (await gone(0)) return true;
  for (const { pid } of await members()) kill(pid, "SIGTERM");
  if (await gone(graceMs)) return true;
  await killPrograms(members);
  for (const deadline = clock.monotonic() + 10_000; clock.monotonic() < deadline; ) {
    if (await gone(200)) return true;
    for (const { pid } of await members()) kill(pid, "SIGKILL");
  }
  return false;
}

async function membersNow({ leader, runId, enclosed, forksThen }: RunProcesses): Promise<Member[]> {
  const [group, pids, fromPid] = await Promise.all([ownGroup(leader), enclosed?.(), lowestPidSince(leader.pid, forksThen)]);
  // No number was used twice since the leader's start: then its group is still its own.
  const isDoubtful = group?.isLed !== true && fromPid === 1;
  return await membersOf(runId, { pgid: group?.pgid, isDoubtful, enclosed: new Set(pids), fromPid });
}

/** Again and again, as long as new ones come: a fork may be faster than a look. */
async function killPrograms(members: () => Promise<Member[]>): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const programs = (await members()).filter(({ isConsole }) => !isConsole);
    if (programs.length === 0) return;
    for (const { pid } of programs) kill(pid, "SIGKILL");
  }
}

async function allGone(members: () => Promise<Member[]>, withinMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + withinMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 200)) {
    if ((await members()).length === 0) return true;
    if (clock.monotonic() >= deadline) return false;
    await clock.sleep(Math.min(pauseMs, Math.max(deadline - clock.monotonic(), 1)));
  }
}

/** Long after its leader, and after another start of the machine, its number may be a stranger's. */
async function ownGroup({ pid, startTime, bootId }: ProcessIdentity): Promise<{ pgid: number; isLed: boolean } | undefined> {
  const [now, boot] = await Promise.all([identityOf(pid), currentBootId()]);
  if (boot !== bootId || (now !== undefined && now.startTime !== startTime)) return undefined;
  return { pgid: pid, isLed: now !== undefined };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
