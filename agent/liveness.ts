import { formatDuration } from "../base/units.ts";
import type { AgentSnapshot } from "./control.ts";

/**
 * Whether the agent is alive, or must be restarted: its loops move and its event loop is not blocked. A server that is
 * away, a pause, a drain or a full disk never make it unhealthy: a restart would mend none of them.
 */
export const LAG_LIMIT_MS = 5_000;
/**
 * A loop that is silent for so long hangs. Claim and watch wait for the server a minute and a half at most; a heartbeat
 * comes as often as it is configured, and the server forgets a worker after ten minutes.
 */
export const STILL_LIMIT_MS: Readonly<Record<keyof AgentSnapshot["loops"], number>> = {
  claim: 300_000,
  watch: 300_000,
  heartbeat: 900_000,
};

/** Undefined: it is alive; else one sentence that says why not. `lagMs`: how late timers are. */
export function livenessOf(snapshot: AgentSnapshot, lagMs: number, now: number): string | undefined {
  if (lagMs > LAG_LIMIT_MS) return `the event loop is blocked: timers are ${formatDuration(lagMs)} late`;
  if (snapshot.state === "starting") return undefined;
  for (const loop of ["claim", "watch", "heartbeat"] as const) {
    if (loop === "claim" && !isClaiming(snapshot)) continue;
    const stillMs = now - snapshot.loops[loop];
    if (stillMs > STILL_LIMIT_MS[loop]) return `the ${loop} loop has not moved for ${formatDuration(stillMs)}`;
  }
  return undefined;
}

/** One that drains has no claim loop any more; one whose queues are not there waits for them in it. */
function isClaiming({ state, queues }: AgentSnapshot): boolean {
  return state !== "draining" && queues.some(({ id }) => id !== undefined);
}

/** Undefined: it takes tasks; else one sentence that says why it does not. */
export function readinessOf(snapshot: AgentSnapshot): string | undefined {
  if (snapshot.state === "starting") return "the agent is starting: its workers are not registered yet";
  if (snapshot.state === "paused") return "the agent is paused";
  if (snapshot.state === "draining") return "the agent is draining: it takes no new tasks and ends with its runs";
  return snapshot.notClaiming === undefined ? undefined : `the agent takes no tasks: ${snapshot.notClaiming}`;
}
