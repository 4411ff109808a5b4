import type { LogEvent, ScalarEvent } from "../api/wire/event.ts";

/** Where console and figures of a run go; owned here, made in `agent/` from the API. Every method throws ApiError-like errors with `retryable`. */
export interface EventSink {
  /** Sends a batch, encoded as json-lines; one try. Resolves when the server took every one of the `count` events. */
  addLines(lines: string | Uint8Array, count: number, signal: AbortSignal): Promise<void>;
  /** Log events of the task with a timestamp ≥ `fromMs`, ascending: to find out what of a doubtful batch arrived. */
  readLog(fromMs: number, signal: AbortSignal): Promise<LogEvent[]>;
  /** Variant names already reported under a title by anybody else (the SDK in the task). */
  variantsOf(metric: string, signal: AbortSignal): Promise<readonly string[]>;
}

export type { LogEvent, ScalarEvent };
