import type { Clock } from "../base/clock.ts";
import { formatDuration } from "../base/units.ts";
import type { Outcome } from "../runner/outcome.ts";

const FIRST_MS = 5_000;
const TASK_FACTOR = 4;
const AGENT_FACTOR = 2;
const LONGEST_MS = 300_000;
/** What certainly is this machine's, and no task's, fault. */
const OWN = new Set<Outcome["cause"]>(["failed/disk-full", "failed/engine"]);

/**
 * After a failure of the infrastructure neither the same task is taken again at once, nor, if the fault is this machine's
 * or several tasks in a row met it, any other one: an agent must not draw task after task into its failure.
 */
export class Cooldown {
  readonly #clock: Clock;
  readonly #tasks = new Map<string, { failures: number; untilMs: number }>();
  /** Tasks that failed so since the last one that did not. */
  readonly #inARow = new Set<string>();
  #steps = 0;
  #untilMs = 0;
  #why = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  saw(task: string, outcome: Outcome): void {
    if (!outcome.retryable || outcome.cause.startsWith("aborted/")) {
      this.#tasks.delete(task);
      this.#inARow.clear();
      this.#steps = 0;
      return;
    }
    const failures = (this.#tasks.get(task)?.failures ?? 0) + 1;
    this.#tasks.set(task, { failures, untilMs: this.#clock.monotonic() + pauseMs(failures, TASK_FACTOR) });
    this.#inARow.add(task);
    if (OWN.has(outcome.cause) || this.#inARow.size > 1) this.#coolDown(outcome);
  }

  /** This agent lets a task that just failed here alone for a while; another agent may take it. */
  isTooEarly(task: string): boolean {
    return (this.#tasks.get(task)?.untilMs ?? 0) > this.#clock.monotonic();
  }

  /** The same as a sentence. */
  whyTooEarly(task: string): string | undefined {
    const leftMs = (this.#tasks.get(task)?.untilMs ?? 0) - this.#clock.monotonic();
    if (leftMs <= 0) return undefined;
    return `it failed here a moment ago by the infrastructure; this agent takes it again in ${formatDuration(leftMs)}, another one may before`;
  }

  /** Why no task at all is taken now. */
  refusal(): string | undefined {
    return this.#untilMs > this.#clock.monotonic() ? this.#why : undefined;
  }

  #coolDown(outcome: Outcome): void {
    const ms = pauseMs(++this.#steps, AGENT_FACTOR);
    this.#untilMs = this.#clock.monotonic() + ms;
    this.#why = `runs fail by the infrastructure (${outcome.cause}: ${outcome.message}); the next one is taken after ${formatDuration(ms)}`;
  }
}

const pauseMs = (failures: number, factor: number): number => Math.min(FIRST_MS * factor ** (failures - 1), LONGEST_MS);
