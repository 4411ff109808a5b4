import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";

/** A clock on which nobody waits: who sleeps moves the time on, and what was due on the way happens. */
export class JumpingClock implements Clock {
  /** How long everybody slept, in order. */
  readonly sleeps: number[] = [];
  #nowMs: number;
  #due: { readonly atMs: number; readonly action: () => void }[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.sleeps.push(ms);
    this.advance(ms);
    await setImmediate();
    signal?.throwIfAborted();
  }

  /** Has `action` happen once the time has moved on by `ms`. */
  in(ms: number, action: () => void): void {
    this.#due.push({ atMs: this.#nowMs + ms, action });
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const ripe = this.#due.filter((one) => one.atMs <= this.#nowMs);
    this.#due = this.#due.filter((one) => one.atMs > this.#nowMs);
    for (const { action } of ripe) action();
  }
}
