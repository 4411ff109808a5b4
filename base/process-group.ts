import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { type Clock, systemClock } from "./clock.ts";
import { codeOf } from "./errors.ts";

/**
 * A child in a session and process group of its own. Ending it means the whole group: SIGTERM, a grace period, SIGKILL.
 * (A signal option of `spawn` would end only the direct child and leave its grandchildren.)
 */
export function spawnGroup(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(command, [...args], { ...options, detached: true });
}

/** Sends a signal to every process of the group; false when there is none left. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    if (codeOf(error) === "EPERM") return true;
    return false;
  }
}

/** SIGTERM, up to `graceMs`, SIGKILL; resolves once no process of the group is left, or 5 s after SIGKILL. */
export async function endGroup(pgid: number, graceMs: number, clock: Clock = systemClock): Promise<void> {
  if (!signalGroup(pgid, "SIGTERM")) return;
  if (await groupGone(pgid, graceMs, clock)) return;
  signalGroup(pgid, "SIGKILL");
  await groupGone(pgid, 5_000, clock);
}

async function groupGone(pgid: number, withinMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + withinMs;
  for (let pauseMs = 5; signalGroup(pgid, 0); pauseMs = Math.min(pauseMs * 2, 100)) {
    if (clock.monotonic() >= deadline) return false;
    await clock.sleep(pauseMs);
  }
  return true;
}
