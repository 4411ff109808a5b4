import { ApiFault } from "../api-fault.ts";
import { integerOf, isMap, listOf, mapListOf, requiredText, requiredTextList, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/** Reading events back (clearml-api.md 7.2, 7.3). */
export function seqOf(call: Call, task: string): number {
  const row = call.db.get<{ seq: number }>("SELECT seq FROM tasks WHERE id = ?", task);
  if (row === undefined) throw new ApiFault(400, 101, "Invalid task id", { id: task });
  return row.seq;
}

/** More than this no page holds, whatever is asked for: as large as a result of the official server may be. */
export const MAX_EVENTS = 10_000;

/** Greatest distance from 1970 that a date can have. */
export const MAX_DATE_MS = 8.64e15;

export const isoOf = (ms: number): string => new Date(Math.max(-MAX_DATE_MS, Math.min(ms, MAX_DATE_MS))).toISOString();

export function present(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null && value !== undefined));
}

export interface OtherRow {
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
  const plots = latest(call, task, "plot", integerOf(body, "iters", 1) ?? 1).filter((event) =>
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
  const iterations = integerOf(body, "iters", 1) ?? 1;
  const asked = mapListOf(body, "metrics") ?? [];
  const skip = integerOf(body, "scroll_id", 0) ?? 0;
  const metrics = asked.map((one) => {
    const [task, metric] = [requiredText(one, "task"), textOf(one, "metric") ?? null];
    const rows = call.db.all<OtherRow & Record<string, unknown>>(
      "SELECT * FROM other_events WHERE task = ? AND type = 'training_debug_image' AND (? IS NULL OR metric = ?) ORDER BY iter DESC, metric, variant",
      seqOf(call, task),
      metric,
      metric,
    );
    const byIteration = [...Map.groupBy(rows, (row) => row.iter ?? 0)].slice(skip, skip + iterations);
    return { task, iterations: byIteration.map(([iter, group]) => ({ iter, events: group.map((row) => otherEvent(task, row)) })) };
  });
  return { metrics, scroll_id: String(skip + iterations) };
}
