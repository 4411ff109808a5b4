import { flagOf, integerOf, numberOf, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { SqlValue } from "../store/database.ts";
import type { Document } from "../store/documents.ts";
import { isoOf, MAX_EVENTS, present, seqOf } from "./event-reading.ts";

/** The console of a task (`events.get_task_log`, clearml-api.md 7.2, 7.3). */
export interface LogRow {
  readonly seq: number;
  readonly timestamp: number;
  readonly written: number;
  readonly worker: string | null;
  readonly level: string | null;
  readonly metric: string | null;
  readonly variant: string | null;
  readonly iter: number | null;
  readonly msg: string;
}

const DEFAULT_LOG_PAGE = 5000;
/**
 * A page of the console: newest first when `navigate_earlier`, `from_timestamp` exclusive, and all events that share the
 * page's last timestamp, so that nothing is lost between pages. `order` only turns the page round. Equal timestamps come
 * in the order of arrival.
 */
export function getTaskLog(call: Call, body: Body): object {
  const task = requiredText(body, "task");
  const seq = seqOf(call, task);
  const earlier = flagOf(body, "navigate_earlier", true);
  const limit = Math.min(integerOf(body, "batch_size", 1) ?? DEFAULT_LOG_PAGE, MAX_EVENTS);
  const from = numberOf(body, "from_timestamp");
  const bound = from === undefined ? "" : `AND timestamp ${earlier ? "<" : ">"} ?`;
  const values: SqlValue[] = from === undefined ? [seq] : [seq, from];
  const direction = earlier ? "DESC" : "ASC";
  const rows = call.db.all<LogRow & Record<string, unknown>>(
    `SELECT * FROM log_events WHERE task = ? ${bound} ORDER BY timestamp ${direction}, seq ${direction} LIMIT ?`,
    ...values,
    limit,
  );
  const last = rows.at(-1);
  if (last !== undefined && rows.length === limit) {
    const rest = call.db.all<LogRow & Record<string, unknown>>(
      `SELECT * FROM log_events WHERE task = ? AND timestamp = ? AND seq ${earlier ? "<" : ">"} ? ORDER BY seq ${direction}`,
      seq,
      last.timestamp,
      last.seq,
    );
    rows.push(...rest);
  }
  const order = textOf(body, "order") ?? (earlier ? "desc" : "asc");
  if ((order === "desc") !== earlier) rows.reverse();
  const total = call.db.get<{ n: number }>("SELECT count(*) AS n FROM log_events WHERE task = ?", seq)?.n ?? 0;
  return { events: rows.map((row) => logEvent(task, row)), returned: rows.length, total };
}

export function logEvent(task: string, row: LogRow): Document {
  return present({
    type: "log",
    task,
    timestamp: row.timestamp,
    "@timestamp": isoOf(row.written),
    worker: row.worker,
    level: row.level,
    metric: row.metric ?? "",
    variant: row.variant ?? "",
    iter: row.iter,
    msg: row.msg,
    model_event: false,
  });
}
