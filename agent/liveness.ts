import { MINUTE_MS, SECOND_MS } from "../base/clock.ts";
import { formatDuration } from "../base/units.ts";
import type { AgentSnapshot } from "./control.ts";

/**
 * Whether the agent is alive, or must be restarted: for `/healthz` and for a service manager's watchdog. A server that is
 * away, a pause, a drain or a full disk never make it unhealthy: a restart would mend none of them.
 */
export interface LivenessLimits {
  /** Claim and watch wait for an answer a minute and a half at most. */
  readonly loopMs: number;
  /** The heartbeat's rhythm is configured: `limitsFor` allows three beats. */
  readonly heartbeatMs: number;
  /** How late a timer may fire. */
  readonly lagMs: number;
  /** A server that was heard within this time is there. */
  readonly contactMs: number;
}

export const LIVENESS: LivenessLimits = {
  loopMs: 5 * MINUTE_MS,
  heartbeatMs: 2 * MINUTE_MS,
  lagMs: 10 * SECOND_MS,
  contactMs: 2 * MINUTE_MS,
};

export const limitsFor = (heartbeatMs: number): LivenessLimits => ({
  ...LIVENESS,
  heartbeatMs: Math.max(LIVENESS.heartbeatMs, 3 * heartbeatMs),
});

/** Undefined: it is alive; else one sentence that says why not. `lagMs`: how late timers are. */
export function livenessOf(snapshot: AgentSnapshot, lagMs: number, now: number, limits = LIVENESS): string | undefined {
  if (lagMs > limits.lagMs) return `the event loop is blocked: timers are ${formatDuration(lagMs)} late`;
  if (snapshot.state === "starting") return undefined;
  for (const loop of judgedLoops(snapshot, now, limits)) {
    const stillMs = now - snapshot.loops[loop];
    if (stillMs > (loop === "heartbeat" ? limits.heartbeatMs : limits.loopMs))
      return `the ${loop} loop has not moved for ${formatDuration(stillMs)}`;
  }
  return undefined;
}

type Loop = keyof AgentSnapshot["loops"];

/** Loops that need an answer are judged only while there are answers; the heartbeat goes round without any. */
function judgedLoops(snapshot: AgentSnapshot, now: number, { contactMs }: LivenessLimits): Loop[] {
  const { slots, server } = snapshot;
  const loops: Loop[] = ["heartbeat"];
  if (server.lastContactAt === undefined || now - server.lastContactAt > contactMs) return loops;
  if (isLookingForWork(snapshot)) loops.push("claim");
  if (slots.some(({ run }) => run !== undefined)) loops.push("watch");
  return loops;
}

/** Paused or draining, with no slot free or no queue there, nothing is looked for. */
function isLookingForWork({ state, slots, queues }: AgentSnapshot): boolean {
  return state === "running" && slots.some(({ run }) => run === undefined) && queues.some(({ id }) => id !== undefined);
}

/** Undefined: it takes tasks; else one sentence that says why it does not. */
export function readinessOf(snapshot: AgentSnapshot): string | undefined {
  if (snapshot.state === "starting") return "the agent is starting: its workers are not registered yet";
  if (snapshot.state === "paused") return "the agent is paused";
  if (snapshot.state === "draining") return "the agent is draining: it takes no new tasks and ends with its runs";
  if (snapshot.notClaiming !== undefined) return `the agent takes no tasks: ${snapshot.notClaiming}`;
  if (snapshot.queues.some(({ id }) => id !== undefined)) return undefined;
  return `none of its queues is there: ${snapshot.queues.map(({ wanted }) => wanted).join(", ")}`;
}
