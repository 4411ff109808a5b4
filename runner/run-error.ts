import { WindlassError } from "../base/errors.ts";
import type { OutcomeCause } from "./outcome.ts";

export interface RunErrorOptions {
  readonly hint?: string | undefined;
  /** Infrastructure, and worth another try later (network, engine, disk). */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Ends a run before its program started; the outcome carries this cause. Everything in `runner/` throws only this. */
export class RunError extends WindlassError {
  override readonly name = "RunError";
  readonly outcome: OutcomeCause;

  constructor(outcome: OutcomeCause, message: string, options: RunErrorOptions = {}) {
    super(message, { code: outcome, ...options });
    this.outcome = outcome;
  }
}
