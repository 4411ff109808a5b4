import { ApiFault } from "../api-fault.ts";
import { flagOf, isMap, listOf, numberOf, requiredText, requiredTextList, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { SqlValue } from "../store/database.ts";
import type { Document } from "../store/documents.ts";

/** Reading events back (clearml-api.md 7.2, 7.3). */
export function seqOf(call: Call, task: string): number {
  const row = call.db.get<{ seq: number }>("SELECT seq FROM tasks WHERE id = ?", task);
  if (row === undefined) throw new ApiFault(400, 101, "Invalid task id", { id: task });
  return row.seq;
}

interface LogRow {
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
  const limit = numberOf(body, "batch_size") ?? DEFAULT_LOG_PAGE;
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

function logEvent(task: string, row: LogRow): Document {
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

export const isoOf = (ms: number): string => new Date(ms).toISOString();

export function present(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null && value !== undefined));
}

interface OtherRow {
  readonly id: string;
  readonly type: string;
  readonly metric: string;
  readonly variant: string;
  readonly iter: number | null;
  readonly timestamp: number;
  readonly written: number;
  readonly worker: string | null;
  readonly key: string | null;
  readonly fields: string;
}

export function otherEvent(task: string, row: OtherRow): Document {
  return present({
    ...(JSON.parse(row.fields) as Document),
    type: row.type,
    task,
    metric: row.metric,
    variant: row.variant,
    iter: row.iter,
    timestamp: row.timestamp,
    "@timestamp": isoOf(row.written),
    worker: row.worker,
    key: row.key,
    model_event: false,
  });
}

/** All events of a task by iteration. One page holds `batch_size` and whatever shares the last iteration. */
export function getTaskEvents(call: Call, body: Body): object {
  const task = requiredText(body, "task");
  const seq = seqOf(call, task);
  const type = textOf(body, "event_type") ?? "*";
  const wanted = metricTest(body);
  const all = eventsOf(call, task, seq, type).filter((event) => wanted(String(event["metric"]), String(event["variant"])));
  const descending = textOf(body, "order") === "desc";
  all.sort((a, b) => (Number(a["iter"] ?? 0) - Number(b["iter"] ?? 0)) * (descending ? -1 : 1));
  const from = Number(textOf(body, "scroll_id") ?? 0);
  let to = Math.min(all.length, from + (numberOf(body, "batch_size") ?? 500));
  while (to < all.length && all[to]?.["iter"] === all[to - 1]?.["iter"]) to++;
  const events = all.slice(from, to);
  return { events, returned: events.length, total: all.length, scroll_id: String(to) };
}

function eventsOf(call: Call, task: string, seq: number, type: string): Document[] {
  const scalars = type === "*" || type === "training_stats_scalar" ? scalarEvents(call, task, seq) : [];
  const logs =
    type === "*" || type === "log"
      ? call.db
          .all<LogRow & Record<string, unknown>>("SELECT * FROM log_events WHERE task = ? ORDER BY timestamp, seq", seq)
          .map((row) => logEvent(task, row))
      : [];
  const others = call.db
    .all<OtherRow & Record<string, unknown>>(
      "SELECT * FROM other_events WHERE task = ? AND (? = '*' OR type = ?) ORDER BY iter, seq",
      seq,
      type,
      type,
    )
    .map((row) => otherEvent(task, row));
  return [...scalars, ...others, ...logs];
}

function scalarEvents(call: Call, task: string, seq: number): Document[] {
  const rows = call.db.all<{
    metric: string;
    variant: string;
    iter: number;
    value: number;
    timestamp: number;
    written: number;
    worker: string | null;
  }>(
    "SELECT metric, variant, iter, value, timestamp, written, worker FROM series JOIN points ON points.series = series.seq WHERE task = ? ORDER BY iter, series.seq",
    seq,
  );
  return rows.map((row) =>
    present({
      type: "training_stats_scalar",
      task,
      metric: row.metric,
      variant: row.variant,
      iter: row.iter,
      value: row.value,
      timestamp: row.timestamp,
      "@timestamp": isoOf(row.written),
      worker: row.worker,
      model_event: false,
    }),
  );
}

/** `metrics: [{metric, variants}]`: which curves are meant. */
export function metricTest(body: Body): (metric: string, variant: string) => boolean {
  const metrics = (listOf(body, "metrics") ?? []).filter(isMap);
  if (metrics.length === 0) return () => true;
  return (metric, variant) =>
    metrics.some(
      (one) =>
        one["metric"] === metric && (!Array.isArray(one["variants"]) || one["variants"].length === 0 || one["variants"].includes(variant)),
    );
}

/** Per curve the last `iters` plots, newest first. */
export function getTaskPlots(call: Call, body: Body): object {
  const task = requiredText(body, "task");
  const wanted = metricTest(body);
  const plots = latest(call, task, "plot", numberOf(body, "iters") ?? 1).filter((event) =>
    wanted(String(event["metric"]), String(event["variant"])),
  );
  return { plots, returned: plots.length, total: plots.length, scroll_id: null };
}

function latest(call: Call, task: string, type: string, iterations: number): Document[] {
  const rows = call.db.all<OtherRow & Record<string, unknown>>(
    `SELECT * FROM (SELECT *, dense_rank() OVER (PARTITION BY metric, variant ORDER BY iter DESC) AS age FROM other_events WHERE task = ? AND type = ?)
     WHERE age <= ? ORDER BY metric, variant, iter DESC`,
    seqOf(call, task),
    type,
    iterations,
  );
  return rows.map((row) => otherEvent(task, row));
}

const SINGLE_VALUE_ITERATION = -2_147_483_648;

export function getSingleValues(call: Call, body: Body): object {
  const tasks = requiredTextList(body, "tasks").flatMap((task) => {
    const values = call.db.all(
      `SELECT metric, variant, value, points.timestamp FROM series JOIN points ON points.series = series.seq WHERE task = ? AND iter = ? ORDER BY metric, variant`,
      seqOf(call, task),
      SINGLE_VALUE_ITERATION,
    );
    const name = call.db.get<{ name: string }>("SELECT name FROM tasks WHERE id = ?", task)?.name;
    return values.length === 0 ? [] : [{ task, task_name: name, values }];
  });
  return { tasks };
}

/** Names of metrics and their variants that a task has, by type of event. */
export function variantsByMetric(call: Call, task: string, type: string): Map<string, string[]> {
  const seq = seqOf(call, task);
  const rows =
    type === "training_stats_scalar"
      ? call.db.all<{ metric: string; variant: string }>("SELECT metric, variant FROM series WHERE task = ? ORDER BY metric, variant", seq)
      : call.db.all<{ metric: string; variant: string }>(
          "SELECT DISTINCT metric, variant FROM other_events WHERE task = ? AND type = ? ORDER BY metric, variant",
          seq,
          type,
        );
  const grouped = Map.groupBy(rows, (row) => row.metric);
  return new Map([...grouped].map(([metric, group]) => [metric, group.map((row) => row.variant)]));
}

export function getLatestScalars(call: Call, body: Body): object {
  const task = requiredText(body, "task");
  const seq = seqOf(call, task);
  const rows = call.db.all<{ metric: string; variant: string; value: number; iter: number; timestamp: number }>(
    `SELECT metric, variant, value, max(iter) AS iter, points.timestamp AS timestamp FROM series JOIN points ON points.series = series.seq
     WHERE task = ? AND iter > ? GROUP BY series.seq ORDER BY metric, variant`,
    seq,
    SINGLE_VALUE_ITERATION,
  );
  const { name, status } = call.db.get<{ name: string; status: string }>("SELECT name, status FROM tasks WHERE seq = ?", seq) ?? {};
  const metrics = [...Map.groupBy(rows, (row) => row.metric)].map(([metric, group]) => ({
    name: metric,
    variants: group.map((row) => ({ name: row.variant, last_value: row.value, last_10_value: row.value })),
  }));
  return {
    metrics,
    last_iter: Math.max(0, ...rows.map((row) => row.iter)),
    name,
    status,
    last_timestamp: Math.max(0, ...rows.map((row) => row.timestamp)),
  };
}

/** Per task and metric the newest `iters` iterations of debug images; a scroll goes on to earlier ones. */
export function getDebugImages(call: Call, body: Body): object {
  const iterations = numberOf(body, "iters") ?? 1;
  const asked = (listOf(body, "metrics") ?? []).filter(isMap);
  const skip = Number(textOf(body, "scroll_id") ?? 0);
  const metrics = asked.map((one) => {
    const task = String(one["task"]);
    const rows = call.db.all<OtherRow & Record<string, unknown>>(
      "SELECT * FROM other_events WHERE task = ? AND type = 'training_debug_image' AND (? IS NULL OR metric = ?) ORDER BY iter DESC, metric, variant",
      seqOf(call, task),
      (one["metric"] as string | undefined) ?? null,
      (one["metric"] as string | undefined) ?? null,
    );
    const byIteration = [...Map.groupBy(rows, (row) => row.iter ?? 0)].slice(skip, skip + iterations);
    return { task, iterations: byIteration.map(([iter, group]) => ({ iter, events: group.map((row) => otherEvent(task, row)) })) };
  });
  return { metrics, scroll_id: String(skip + iterations) };
}
