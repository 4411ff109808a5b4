import { flagOf, numberOf, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Owner, requireOwner } from "./event-owners.ts";
import { type LogRow, logEvent, metricTest, type NameTest } from "./event-rows.ts";
import { sizeOf } from "./page-size.ts";

/** The console of a task from version 2.9 on (`events.get_task_log`, clearml-api.md 7.2, 7.3; clearml-tasks-events.md 9). */
const DEFAULT_PAGE = 5000;
/** `total` counts no further, as on the official server. */
const MAX_TOTAL = 10_000;

/**
 * A page of the console: newest first when `navigate_earlier`, `from_timestamp` exclusive (0 is none), and all events that share
 * the page's last timestamp, so that nothing is lost between pages. `order` only turns the page round.
 */
export function getTaskLog(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), {});
  const earlier = flagOf(body, "navigate_earlier", true);
  const wanted = metricTest(body["metrics"]);
  const from = numberOf(body, "from_timestamp") || undefined;
  const rows = logPage(call, owner, { earlier, from, size: sizeOf(body, DEFAULT_PAGE), wanted });
  const order = textOf(body, "order") ?? (earlier ? "desc" : "asc");
  if ((order === "desc") !== earlier) rows.reverse();
  const events = rows.map((row) => logEvent(owner.id, row));
  return { events, returned: events.length, total: logTotal(call, owner, body["metrics"]) };
}

interface LogPage {
  readonly earlier: boolean;
  readonly from: number | undefined;
  readonly size: number;
  readonly wanted: NameTest;
}

function logPage(call: Call, owner: Owner, { earlier, from, size, wanted }: LogPage): LogRow[] {
  const rows: LogRow[] = [];
  const source = wanted("", "") ? ALL : NAMED;
  let after: LogPlace | undefined = from === undefined ? undefined : [from, earlier ? 0 : Number.MAX_SAFE_INTEGER];
  while (size > 0) {
    const piece: LogRow[] = logsAfter(call, owner.seq, after, earlier, Math.max(size - rows.length, 100), source);
    for (const row of piece) {
      if (rows.length >= size && row.timestamp !== rows.at(-1)?.timestamp) return rows;
      if (wanted(row.metric ?? "", row.variant ?? "")) rows.push(row);
    }
    const last = piece.at(-1);
    if (last === undefined) break;
    after = [last.timestamp, last.seq];
  }
  return rows;
}

/** Where a line stands in the console of its task: equal timestamps come in the order of arrival. */
export type LogPlace = readonly [timestamp: number, seq: number];

const ALL = "log_events WHERE task = ?";
/** The lines with a metric or variant, which few consoles have, in an index of their own. */
export const NAMED = "log_events INDEXED BY log_events_named WHERE task = ? AND (metric IS NOT NULL OR variant IS NOT NULL)";

/** The next lines behind a place, read from the index. */
export function logsAfter(call: Call, owner: number, after: LogPlace | undefined, earlier: boolean, limit: number, source = ALL): LogRow[] {
  const bound = after === undefined ? "" : `AND (timestamp, seq) ${earlier ? "<" : ">"} (?, ?)`;
  const direction = earlier ? "DESC" : "ASC";
  const sql = `SELECT log_events.* FROM ${source} ${bound} ORDER BY timestamp ${direction}, seq ${direction} LIMIT ?`;
  return call.db.all<LogRow>(sql, owner, ...(after ?? []), limit);
}

/** How many lines match, up to 10 000. */
export function logTotal(call: Call, owner: Owner, metrics: unknown): number {
  if (!Array.isArray(metrics) || metrics.length === 0) return countUpTo(call, owner, MAX_TOTAL);
  const wanted = metricTest(metrics);
  const names = namesOfLogs(call, owner.seq);
  const named = names.filter((row) => wanted(row.metric, row.variant)).reduce((sum, row) => sum + row.n, 0);
  const all = names.reduce((sum, row) => sum + row.n, 0);
  const plain = wanted("", "") ? countUpTo(call, owner, MAX_TOTAL + all) - all : 0;
  return Math.min(named + plain, MAX_TOTAL);
}

/** Metric and variant of the lines that have one, and how many they are. */
export function namesOfLogs(call: Call, owner: number): { metric: string; variant: string; n: number }[] {
  return call.db.all<{ metric: string; variant: string; n: number }>(
    `SELECT coalesce(metric, '') AS metric, coalesce(variant, '') AS variant, count(*) AS n FROM ${NAMED} GROUP BY 1, 2`,
    owner,
  );
}

function countUpTo(call: Call, owner: Owner, most: number): number {
  const sql = "SELECT count(*) AS n FROM (SELECT 1 FROM log_events WHERE task = ? LIMIT ?)";
  return call.db.get<{ n: number }>(sql, owner.seq, most)?.n ?? 0;
}
