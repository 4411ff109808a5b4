import { setTimeout as delay } from "node:timers/promises";

/** Time, as a parameter: what waits takes a clock, so that a test can decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch, for what is told and written down. It may be set back or forth at any moment. */
  now(): number;
  /** Milliseconds since some moment of this process, for what is waited for and measured: it only grows. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const clockThat = (keepsAlive: boolean): Clock => ({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, signal === undefined ? { ref: keepsAlive } : { signal, ref: keepsAlive });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
});

export const systemClock: Clock = clockThat(true);
/** The same, and a pause of it does not keep the process alive. */
export const backgroundClock: Clock = clockThat(false);

/** How long ago a moment was that was written down (ms since the epoch); one in the future, of a clock that was set back, is now. */
export function ageMs(writtenMs: number, clock: Clock): number {
  return Math.max(clock.now() - writtenMs, 0);
}

/** A `monotonic` moment as milliseconds since the epoch, by what the clock says now. */
export function epochMs(monotonicMs: number, clock: Clock): number {
  return Math.round(clock.now() - (clock.monotonic() - monotonicMs));
}

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** `ms` moved by up to ±`share` of itself, so that many agents started together do not stay in step. */
export function jittered(ms: number, share = 0.2, random: () => number = Math.random): number {
  return ms * (1 + share * (2 * random() - 1));
}
