import { readdir, readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../../base/clock.ts";
import { signalGroup } from "../../base/process-group.ts";
import { identityOf, type ProcessIdentity } from "../../base/process-identity.ts";

/** The variable by which everything that a run started is found again, whatever group or session it moved to. */
export const RUN_MARK = "WINDLASS_RUN";

/** Live processes that carry the run's mark in their environment. */
export async function markedProcesses(runId: string): Promise<number[]> {
  const mark = Buffer.from(`${RUN_MARK}=${runId}\0`);
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  const marked = await Promise.all(pids.map(async (pid) => ((await carries(pid, mark)) ? pid : undefined)));
  return marked.filter((pid) => pid !== undefined);
}

async function carries(pid: number, mark: Buffer): Promise<boolean> {
  const environ = await readFile(`/proc/${pid}/environ`).catch(() => undefined);
  if (environ?.includes(mark) !== true) return false;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/\) [ZX] /.test(stat);
}

/** SIGTERM to the group and to all that left it, a grace period, SIGKILL until nothing is left (10 s at most). */
export async function endRun(leader: ProcessIdentity, runId: string, graceMs: number, clock: Clock = systemClock): Promise<void> {
  if (await allGone(leader, runId, 0, clock)) return;
  await signalAll(leader, runId, "SIGTERM");
  if (await allGone(leader, runId, graceMs, clock)) return;
  for (const deadline = clock.now() + 10_000; clock.now() < deadline; ) {
    await signalAll(leader, runId, "SIGKILL");
    if (await allGone(leader, runId, 200, clock)) return;
  }
}

async function signalAll(leader: ProcessIdentity, runId: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const marked = await markedProcesses(runId);
  await signalOwnGroup(leader, signal);
  for (const pid of marked) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between.
    }
  }
}

async function allGone(leader: ProcessIdentity, runId: string, withinMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.now() + withinMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 200)) {
    if (!(await signalOwnGroup(leader, 0)) && (await markedProcesses(runId)).length === 0) return true;
    if (clock.now() >= deadline) return false;
    await clock.sleep(Math.min(pauseMs, Math.max(deadline - clock.now(), 1)));
  }
}

/** Long after its leader the number of a group may belong to a stranger: then there is none of ours. */
async function signalOwnGroup(leader: ProcessIdentity, signal: NodeJS.Signals | 0): Promise<boolean> {
  const now = await identityOf(leader.pid);
  const isStranger = now !== undefined && now.startTime !== leader.startTime;
  return !isStranger && signalGroup(leader.pid, signal);
}
