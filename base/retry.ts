import { type Clock, jittered, systemClock } from "./clock.ts";

/** A retry policy, as data beside the call that it serves. */
export interface RetrySchedule {
  /** Number of tries in all, the first one included; Infinity never gives up. */
  readonly tries: number;
  /** Pause after the first failure. */
  readonly firstDelayMs: number;
  /** Each pause is this many times the one before. */
  readonly factor: number;
  readonly maxDelayMs: number;
}

/** Never gives up; at most 30 s between two tries. For what must arrive. */
export const PATIENT: RetrySchedule = { tries: Infinity, firstDelayMs: 500, factor: 2, maxDelayMs: 30_000 };
/** About fifteen seconds. For what a person is waiting for. */
export const BRIEF: RetrySchedule = { tries: 5, firstDelayMs: 500, factor: 2, maxDelayMs: 8_000 };
/** Never again by itself: whoever calls decides what a failure means. */
export const ONCE: RetrySchedule = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };
/** Once more at once. For goodbyes. */
export const QUICK: RetrySchedule = { tries: 2, firstDelayMs: 200, factor: 1, maxDelayMs: 200 };

export interface RetryOptions {
  readonly schedule: RetrySchedule;
  readonly signal?: AbortSignal | undefined;
  /** Which errors are worth another try. */
  readonly retryable: (error: unknown) => boolean;
  /** Told before each pause. */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
  /** A pause that the other side asked for (`Retry-After`), in ms; it replaces the schedule's. */
  readonly askedDelayMs?: (error: unknown) => number | undefined;
  readonly clock?: Clock;
}

/** Calls `attempt` until it succeeds, the schedule is used up (the last error is thrown), or the signal aborts. */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { schedule, signal, clock = systemClock } = options;
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (tries >= schedule.tries || !options.retryable(error)) throw error;
      const asked = options.askedDelayMs?.(error);
      const delayMs = asked === undefined ? delayBefore(tries, schedule) : politeDelayMs(asked);
      options.onRetry?.(error, tries, delayMs);
      await clock.sleep(delayMs, signal);
    }
  }
}

function delayBefore(tries: number, schedule: RetrySchedule): number {
  const delayMs = schedule.firstDelayMs * schedule.factor ** (tries - 1);
  return jittered(Math.min(delayMs, schedule.maxDelayMs));
}

const SHORTEST_ASKED_MS = 500;
const LONGEST_ASKED_MS = 300_000;

/** What another side asks for, within reason: neither a hammer nor a pause that nobody remembers (or that no timer can count). */
export function politeDelayMs(askedMs: number): number {
  return Math.min(Math.max(askedMs, SHORTEST_ASKED_MS), LONGEST_ASKED_MS);
}
