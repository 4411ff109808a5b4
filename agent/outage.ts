import { MINUTE_MS } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { formatDuration } from "../base/units.ts";

const FIRST_DISTANCE_MS = MINUTE_MS;
const LONGEST_DISTANCE_MS = 60 * MINUTE_MS;

/**
 * Tells of work that fails again and again: at once, after a minute, then at twice the distance up to an hour, each time for how
 * long; and when it is over. What lies between is for who looks closely.
 */
export class Outage {
  readonly #logger: Logger;
  readonly #what: string;
  readonly #now: () => number;
  #since: number | undefined;
  #failures = 0;
  #tellAtMs = 0;

  /** `what` cannot be done, e.g. `look for work`. `now` counts the milliseconds of a clock that nobody sets back. */
  constructor(what: string, logger: Logger, now: () => number = () => performance.now()) {
    this.#what = what;
    this.#logger = logger;
    this.#now = now;
  }

  /** How often it has failed in a row. */
  get failures(): number {
    return this.#failures;
  }

  failed(error: unknown): void {
    this.#since ??= this.#now();
    const awayMs = this.#now() - this.#since;
    const words = this.#failures === 0 ? "; trying again until it can" : ` for ${formatDuration(awayMs)} now`;
    const told = awayMs < this.#tellAtMs ? "debug" : "warn";
    this.#failures++;
    this.#logger[told]({ err: error, failures: this.#failures }, `cannot ${this.#what}${words}`);
    if (told === "warn") this.#tellAtMs = awayMs + Math.min(Math.max(awayMs, FIRST_DISTANCE_MS), LONGEST_DISTANCE_MS);
  }

  succeeded(): void {
    if (this.#since === undefined) return;
    const away = formatDuration(this.#now() - this.#since);
    this.#logger.info({ failures: this.#failures }, `can ${this.#what} again, after ${away}`);
    this.#since = undefined;
    [this.#failures, this.#tellAtMs] = [0, 0];
  }
}
