import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";

/** A clock on which nobody waits: who sleeps moves the time on, and what was due on the way happens. */
export class JumpingClock implements Clock {
  /** How long everybody slept, in order; to the whole millisecond, as a timer of Node's does. */
  readonly sleeps: number[] = [];
  #startMs: number;
  #elapsedMs = 0;
  #reads = 0;
  #due: { readonly atMs: number; readonly action: () => void }[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  /** Hardly ever a whole number, nor the same one twice, as the real one: who needs that has to make it. */
  monotonic(): number {
    this.#reads++;
    return this.#elapsedMs + this.#reads / 1e6;
  }

  /** As if somebody set the machine's clock, by so much back (or, less than 0, forth). */
  setBack(ms: number): void {
    this.#startMs -= ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.sleeps.push(Math.round(ms));
    this.advance(ms);
    await setImmediate();
    signal?.throwIfAborted();
  }

  /** Has `action` happen once the time has moved on by `ms`. */
  in(ms: number, action: () => void): void {
    this.#due.push({ atMs: this.#elapsedMs + ms, action });
  }

  advance(ms: number): void {
    this.#elapsedMs += ms;
    const ripe = this.#due.filter((one) => one.atMs <= this.#elapsedMs);
    this.#due = this.#due.filter((one) => one.atMs > this.#elapsedMs);
    for (const { action } of ripe) action();
  }
}
