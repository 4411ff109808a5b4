import { ApiFault } from "../api-fault.ts";
import { flagOf, mapListOf, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import type { SqlValue } from "../store/database.ts";
import { bucketsIn, type TimeRange, timeRangeOf } from "./time-buckets.ts";

/** What workers reported of their machines, over time (clearml-services.md 11). */
const AGGREGATIONS = { avg: "avg(value.value)", min: "min(value.value)", max: "max(value.value)" } as const;
type Aggregation = keyof typeof AGGREGATIONS;

/** As many workers as the official store gives when it is not told otherwise: those with the most reports. */
const MAX_WORKERS = 10;

interface Item {
  readonly key: string;
  readonly aggregations: readonly Aggregation[];
}

function getStats(call: Call, body: Body): object {
  const range = timeRangeOf(body);
  const items = itemsOf(body);
  const isSplit = flagOf(body, "split_by_resource");
  const workers = busiestWorkers(call, range, textListOf(body, "worker_ids") ?? []).map((worker) => ({
    worker,
    metrics: items.flatMap((item) => metricOf(call, range, { worker, ...item }, isSplit && item.key.startsWith("gpu_"))),
  }));
  return { workers: workers.filter(({ metrics }) => metrics.length > 0) };
}

/** Several aggregations of one key belong together. */
function itemsOf(body: Body): Item[] {
  const items = (mapListOf(body, "items") ?? []) as unknown as readonly { key: string; aggregation?: Aggregation | null }[];
  return [...Map.groupBy(items, ({ key }) => key)].map(([key, same]) => ({
    key,
    aggregations: [...new Set(same.map(({ aggregation }) => aggregation ?? "avg"))],
  }));
}

function busiestWorkers(call: Call, { fromMs, toMs }: TimeRange, asked: readonly string[]): string[] {
  const sql = `SELECT worker, count(*) AS n FROM worker_points
    WHERE company = ? AND at >= ? AND at <= ? AND (? OR worker IN (SELECT value FROM json_each(?)))
    GROUP BY worker ORDER BY n DESC, worker LIMIT ?`;
  const values = [fromMs, toMs, asked.length === 0 ? 1 : 0, JSON.stringify(asked), MAX_WORKERS];
  return call.db.all<{ worker: string }>(sql, call.caller.company, ...values).map(({ worker }) => worker);
}

type Sample = { readonly date: number; readonly variant: string } & Record<Aggregation, number>;

/** One metric of one worker; nothing when there are no figures of it in the range. */
function metricOf(call: Call, range: TimeRange, { worker, key, aggregations }: Item & { worker: string }, isSplit: boolean): object[] {
  const together = samplesOf(call, range, { worker, key }, "'total'");
  if (together.length === 0) return [];
  const apart = isSplit ? [...Map.groupBy(samplesOf(call, range, { worker, key }, "value.key"), ({ variant }) => String(variant))] : [];
  const dates = bucketsIn(range).filter((date) => date <= range.toMs - 0.9 * range.intervalMs);
  const valuesOf = (samples: readonly Sample[], aggregation: Aggregation): number[] => {
    const byDate = new Map(samples.map((sample) => [sample.date, sample[aggregation]]));
    return dates.map((date) => byDate.get(date) ?? 0);
  };
  const stats = aggregations.map((aggregation) => ({
    aggregation,
    dates,
    values: valuesOf(together, aggregation),
    resource_series: apart.length > 1 ? apart.map(([name, samples]) => ({ name, values: valuesOf(samples, aggregation) })) : [],
  }));
  return [{ metric: key, stats }];
}

function samplesOf(call: Call, range: TimeRange, { worker, key }: { worker: string; key: string }, variant: string): Sample[] {
  const columns = Object.entries(AGGREGATIONS).map(([name, sql]) => `${sql} AS ${name}`);
  const sql = `SELECT CAST(at / ?1 AS INTEGER) * ?1 AS date, ${variant} AS variant, ${columns.join(", ")}
    FROM worker_points, json_each(stats, ?2) AS value
    WHERE company = ?3 AND worker = ?4 AND at >= ?5 AND at <= ?6 GROUP BY date, variant ORDER BY variant, date`;
  const { intervalMs, fromMs, toMs } = range;
  const values = { 1: intervalMs, 2: `$.${JSON.stringify(key)}`, 3: call.caller.company, 4: worker, 5: fromMs, 6: toMs };
  return call.db.all<Sample & Record<string, unknown>>(sql, values);
}

/** The metrics that workers reported, by what they are of; the most reported first. */
function getMetricKeys(call: Call, body: Body): object {
  const asked = textListOf(body, "worker_ids") ?? [];
  const sql = `SELECT metric.key AS metric, sum(json_array_length(metric.value)) AS n FROM worker_points, json_each(stats) AS metric
    WHERE company = ? AND (? OR worker IN (SELECT value FROM json_each(?))) GROUP BY metric.key ORDER BY n DESC, metric.key`;
  const values: SqlValue[] = [call.caller.company, asked.length === 0 ? 1 : 0, JSON.stringify(asked)];
  const metrics = call.db.all<{ metric: string; n: number }>(sql, ...values);
  if (metrics.length === 0) throw noStats(call, textListOf(body, "worker_ids"));
  const byCategory = [...Map.groupBy(metrics, ({ metric }) => metric.split("_")[0] ?? metric)].map(([name, keys]) => ({
    name,
    keys: keys.map(({ metric }) => metric),
    n: keys.reduce((sum, { n }) => sum + n, 0),
  }));
  const ordered = byCategory.toSorted((a, b) => b.n - a.n);
  return { categories: ordered.map(({ name, keys }) => ({ name, metric_keys: keys })) };
}

function noStats(call: Call, asked: readonly string[] | undefined): ApiFault {
  const workers = asked === undefined ? "None" : `[${asked.map((worker) => `'${worker}'`).join(", ")}]`;
  const why = `No statistic metrics found for the company ${call.caller.company} and workers ${workers}`;
  return new ApiFault(400, 1005, `Worker stats not found (${why})`);
}

/** How many workers reported in each interval, and how many of them had a task; the last interval is not over and left out. */
function getActivityReport(call: Call, body: Body): object {
  const range = timeRangeOf(body);
  const sql = `SELECT CAST(at / ?1 AS INTEGER) * ?1 AS date, count(DISTINCT worker) AS total, count(DISTINCT iif(task IS NULL, NULL, worker)) AS active
    FROM worker_points WHERE company = ?2 AND at >= ?3 AND at <= ?4 GROUP BY date`;
  const values = { 1: range.intervalMs, 2: call.caller.company, 3: range.fromMs, 4: range.toMs };
  const rows = call.db.all<{ date: number; total: number; active: number }>(sql, values);
  const byDate = new Map(rows.map((row) => [row.date, row]));
  const dates = rows.length === 0 ? [] : bucketsIn(range).slice(0, -1);
  const counts = (which: "total" | "active"): number[] => dates.map((date) => byDate.get(date)?.[which] ?? 0);
  return { total: { dates, counts: counts("total") }, active: { dates, counts: counts("active") } };
}

export const WORKER_STATS_ENDPOINTS: readonly Endpoint[] = [
  read("workers.get_stats", getStats),
  read("workers.get_metric_keys", getMetricKeys),
  read("workers.get_activity_report", getActivityReport),
];
