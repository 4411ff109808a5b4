import { formatDuration } from "../base/units.ts";
import type { AgentSnapshot } from "./control.ts";

/**
 * Whether the agent is alive, or must be restarted: its loops move and its event loop is not blocked. A server that is
 * away, a pause, a drain or a full disk never make it unhealthy: a restart would mend none of them.
 */
export const LAG_LIMIT_MS = 5_000;
/** A loop that is silent for so long hangs; the longest that one may wait for the server is a minute and a half. */
export const STILL_LIMIT_MS = 300_000;

/** Undefined: it is alive; else one sentence that says why not. `lagMs`: how late timers are. */
export function livenessOf(snapshot: AgentSnapshot, lagMs: number, now: number): string | undefined {
  if (lagMs > LAG_LIMIT_MS) return `the event loop is blocked: timers are ${formatDuration(lagMs)} late`;
  if (snapshot.state === "starting") return undefined;
  for (const [loop, movedAt] of Object.entries(snapshot.loops)) {
    if (loop === "claim" && snapshot.state !== "running") continue;
    const stillMs = now - movedAt;
    if (stillMs > STILL_LIMIT_MS) return `the ${loop} loop has not moved for ${formatDuration(stillMs)}`;
  }
  return undefined;
}

/** Undefined: it takes tasks; else one sentence that says why it does not. */
export function readinessOf(snapshot: AgentSnapshot): string | undefined {
  if (snapshot.state === "starting") return "the agent is starting: its workers are not registered yet";
  if (snapshot.state === "paused") return "the agent is paused";
  if (snapshot.state === "draining") return "the agent is draining: it takes no new tasks and ends with its runs";
  return snapshot.notClaiming === undefined ? undefined : `the agent takes no tasks: ${snapshot.notClaiming}`;
}
