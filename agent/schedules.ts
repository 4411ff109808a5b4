import { BRIEF, ONCE, PATIENT, QUICK, type RetrySchedule } from "../base/retry.ts";

/**
 * When each call to the server is tried again, as data. All pauses are jittered; a `Retry-After` of the server replaces
 * them. What is not named here takes the client's own, about fifteen seconds.
 */
export const SCHEDULES = {
  /** Waiting for work, watching runs: the loops around them go on by themselves. */
  peek: ONCE,
  watch: ONCE,
  /** A lost answer of one of these leaves a doubt: asked again is the state, never the call. */
  take: ONCE,
  handBack: ONCE,
  /** In the time that a claim has, which its caller counts. */
  start: { tries: 50, firstDelayMs: 200, factor: 1.5, maxDelayMs: 2_000 },
  /** What a run cannot begin without. */
  token: PATIENT,
  /** What must arrive. */
  outcome: PATIENT,
  register: PATIENT,
  settle: PATIENT,
  /** The commit that really ran is worth waiting for as long as the run goes on. */
  commit: PATIENT,
  /** The next one comes in half a minute. */
  heartbeat: ONCE,
  ping: ONCE,
  goodbye: QUICK,
  command: BRIEF,
  /** Not the server, the disk: a run waits for space rather than go on without being written down. */
  journal: { ...PATIENT, maxDelayMs: 5_000 },
} as const satisfies Record<string, RetrySchedule>;
