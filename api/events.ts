import { ApiError } from "./api-error.ts";
import type { CallOptions, Session } from "./session.ts";
import type { BatchReply, LogEvent, ScalarCurves, TaskEvent } from "./wire/event.ts";

export interface LogQuery {
  /** Exclusive; milliseconds. Without it the page starts at the oldest (or newest, with `newestFirst`). */
  readonly fromTimestampMs?: number;
  readonly newestFirst?: boolean;
  readonly batchSize?: number;
}

/** The server took some events of a batch, or none. */
export class EventsRefused extends ApiError {
  /** How many it took. */
  readonly added: number;

  constructor(reply: BatchReply) {
    const reasons = Object.keys(reply.errors_info ?? {}).join("; ");
    super({ endpoint: "events.add_batch", status: 400, subcode: 131, message: `${reply.errors} events refused: ${reasons}` });
    this.added = reply.added;
  }
}

/** `events.*` (clearml-api.md 7). */
export class Events {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Sends events in one request; throws EventsRefused when the server did not take every one of them. */
  async add(events: readonly TaskEvent[], options?: CallOptions): Promise<void> {
    await this.addLines(events.map((event) => JSON.stringify(event)).join("\n"), events.length, options);
  }

  /** The same for events that are encoded already, one JSON object per line. */
  async addLines(lines: string | Uint8Array, count: number, options?: CallOptions): Promise<void> {
    const reply = await this.#session.callLines<BatchReply>("events.add_batch", lines, { ...options, needs: { added: "number" } });
    if (reply.added < count) throw new EventsRefused(reply);
  }

  /** A page of the console, oldest first within the page. */
  async log(task: string, query: LogQuery = {}, options?: CallOptions): Promise<{ events: LogEvent[]; total: number }> {
    return await this.#session.call<{ events: LogEvent[]; total: number }>(
      "events.get_task_log",
      {
        task,
        order: "asc",
        navigate_earlier: query.newestFirst ?? false,
        batch_size: query.batchSize ?? 500,
        ...(query.fromTimestampMs === undefined ? {} : { from_timestamp: query.fromTimestampMs }),
      },
      { ...options, needs: { events: "list" } },
    );
  }

  /** All curves of a task, at most `samples` points each. */
  async curves(task: string, samples = 2000, options?: CallOptions): Promise<ScalarCurves> {
    return await this.#session.call<ScalarCurves>("events.scalar_metrics_iter_histogram", { task, samples }, options);
  }
}
