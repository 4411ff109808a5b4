import { MINUTE_MS, SECOND_MS } from "../../base/clock.ts";
import type { AgentSnapshot } from "../control.ts";

export interface LivenessLimits {
  /** A peek waits 55 s, and another 30 s for its answer; a claim is a handful of calls. */
  readonly loopMs: number;
  /** For the heartbeat, whose rhythm is set: never less than three beats. */
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

/**
 * Why the agent does not do its work any more although it could; undefined: it is well. A server that is away is no reason:
 * calls are then tried for hours, so the loops that need an answer are judged only while there are answers. The heartbeat
 * goes round without any.
 */
export function stuckReason(snapshot: AgentSnapshot, nowMs: number, lagMs: number, limits = LIVENESS): string | undefined {
  if (lagMs > limits.lagMs) return `timers are ${Math.round(lagMs / SECOND_MS)} s late`;
  if (snapshot.state === "starting") return undefined;
  const stillMs = (loop: Loop): number => nowMs - snapshot.loops[loop];
  const late = judgedLoops(snapshot, nowMs, limits).find((loop) => stillMs(loop) > limitOf(loop, limits));
  return late === undefined ? undefined : `the ${late} loop has not moved for ${Math.round(stillMs(late) / SECOND_MS)} s`;
}

type Loop = keyof AgentSnapshot["loops"];

function judgedLoops(snapshot: AgentSnapshot, nowMs: number, limits: LivenessLimits): Loop[] {
  const { lastContactAt } = snapshot.server;
  const isServerThere = lastContactAt !== undefined && nowMs - lastContactAt <= limits.contactMs;
  const loops: Loop[] = ["heartbeat"];
  if (isServerThere && isLookingForWork(snapshot)) loops.push("claim");
  if (isServerThere && snapshot.slots.some((slot) => slot.run !== undefined)) loops.push("watch");
  return loops;
}

/** Paused or draining, with no slot free or no queue there, nothing is looked for. */
function isLookingForWork({ state, slots, queues }: AgentSnapshot): boolean {
  return state === "running" && slots.some((slot) => slot.run === undefined) && queues.some((queue) => queue.id !== undefined);
}

function limitOf(loop: Loop, limits: LivenessLimits): number {
  return loop === "heartbeat" ? limits.heartbeatMs : limits.loopMs;
}
