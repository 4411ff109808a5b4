/** Console text (clearml-api.md 7.1). Events of equal timestamps come back in no fixed order: each gets its own millisecond. */
export interface LogEvent {
  readonly type: "log";
  readonly task: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly worker: string;
  readonly level: string;
  /** At most 64 KiB of UTF-8. */
  readonly msg: string;
}

/** One point of a curve. */
export interface ScalarEvent {
  readonly type: "training_stats_scalar";
  readonly task: string;
  readonly timestamp: number;
  readonly worker: string;
  /** Title of the plot, e.g. `:monitor:machine`. */
  readonly metric: string;
  /** Name of the curve. */
  readonly variant: string;
  readonly iter: number;
  readonly value: number;
}

export type TaskEvent = LogEvent | ScalarEvent;

/** The answer of `events.add_batch`. */
export interface BatchReply {
  readonly added: number;
  readonly errors: number;
  readonly errors_info: Readonly<Record<string, number>>;
}

/** The answer of `events.scalar_metrics_iter_histogram`: metric → variant → curve. */
export type ScalarCurves = Readonly<
  Record<string, Readonly<Record<string, { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }>>>
>;
