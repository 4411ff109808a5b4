import { setTimeout as delay } from "node:timers/promises";

/** Time, as a parameter: what waits takes a clock, so that a test can decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** `ms` moved by up to ±`share` of itself, so that many agents started together do not stay in step. */
export function jittered(ms: number, share = 0.2, random: () => number = Math.random): number {
  return ms * (1 + share * (2 * random() - 1));
}
