import { Cancelled } from "../base/cancelled.ts";
import { ageMs, systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { formatDuration, parseDurationMs } from "../base/units.ts";
import type { RunContext } from "./engine.ts";
import { agentParameter } from "./launch/parameters.ts";
import { RunError } from "./run-error.ts";

/** What a timer can count. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The shorter one of the agent's limit and the task's own, in ms, counted from the program's start. Throws RunError. */
export function timeLimitMs({ task, settings }: RunContext): number | undefined {
  const own = agentParameter(task, "time_limit");
  const limits = [settings.run.timeLimitMs, own === undefined || own === "" ? undefined : durationOf(own)];
  const given = limits.filter((limit) => limit !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

/** Aborts `limit` when the program has run for `limitMs`, also if it was started by an agent that is no more. */
export function startLimit(limitMs: number | undefined, startedAtMs: number, limit: AbortController): NodeJS.Timeout | undefined {
  if (limitMs === undefined) return undefined;
  const leftMs = Math.min(Math.max(limitMs - ageMs(startedAtMs, systemClock), 0), MAX_TIMER_MS);
  const reason = `the program ran longer than its time limit of ${formatDuration(limitMs)}`;
  return setTimeout(() => limit.abort(new Cancelled("timeout", reason)), leftMs);
}

function durationOf(text: string): number {
  try {
    return parseDurationMs(text);
  } catch (error) {
    throw new RunError("failed/task-invalid", `Windlass/time_limit: ${messageOf(error)}`);
  }
}
