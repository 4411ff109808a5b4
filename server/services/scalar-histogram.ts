import { ApiFault } from "../api-fault.ts";
import { integerOf, requiredText, requiredTextList, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { md5 } from "../store/database.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION, SINGLE_VALUE_ITERATION } from "./event-fields.ts";
import { type Owner, requireOwner, requireOwners } from "./event-owners.ts";
import { isoOf, metricTest, type NameTest, type SeriesRow } from "./event-rows.ts";
import { intervalGroups } from "./histogram-intervals.ts";

/** Curves in about `samples` buckets (clearml-api.md 7.4, clearml-tasks-events.md 10). */
const DEFAULT_SAMPLES = 2000;
const MAX_SAMPLES = 6000;
const MAX_COMPARED = 100;
const KEYS = ["iter", "timestamp", "iso_time"];

interface Curve {
  readonly metric: string;
  readonly variant: string;
  readonly x: readonly (number | string)[];
  readonly y: readonly (number | null)[];
  readonly x_axis_label?: string;
}

/** By metric and variant, which callers name as they like: `__proto__` is a name too. */
type ByName<T> = Map<string, Map<string, T>>;

/** `events.scalar_metrics_iter_histogram`: the reply is the map itself. */
export function scalarHistogram(call: Call, body: Body): object {
  const found: ByName<object> = new Map();
  for (const { metric, variant, ...curve } of curvesOf(call, requireOwner(call, requiredText(body, "task"), body), body))
    innerOf(found, metric).set(variant, { name: variant, ...curve });
  return nested(found);
}

/** `events.multi_task_scalar_metrics_iter_histogram`: each task by itself, side by side. */
export function compareHistograms(call: Call, body: Body): object {
  const tasks = requiredTextList(body, "tasks");
  if (tasks.length > MAX_COMPARED) throw new ApiFault(400, 12, `Validation error (only ${MAX_COMPARED} tasks are supported)`);
  const found: ByName<Document> = new Map();
  for (const owner of requireOwners(call, tasks, body)) {
    for (const { metric, variant, ...curve } of curvesOf(call, owner, body)) {
      const variants = innerOf(found, metric);
      variants.set(variant, { ...variants.get(variant), [owner.id]: { name: owner.name, ...curve } });
    }
  }
  return { metrics: nested(found) };
}

function innerOf<T>(maps: ByName<T>, name: string): Map<string, T> {
  const known = maps.get(name) ?? new Map<string, T>();
  maps.set(name, known);
  return known;
}

const nested = (maps: ByName<unknown>): object => Object.fromEntries([...maps].map(([name, inner]) => [name, Object.fromEntries(inner)]));

function* curvesOf(call: Call, owner: Owner, body: Body): Generator<Curve> {
  const key = textOf(body, "key") ?? "iter";
  if (!KEYS.includes(key)) throw new ApiFault(400, 12, `Validation error (key must be one of ${KEYS.join(", ")})`);
  const samples = Math.min(Math.max(integerOf(body, "samples") ?? DEFAULT_SAMPLES, 1), MAX_SAMPLES);
  const axis = key === "iter" ? "iter" : "timestamp";
  const series = rangesOf(call, owner, axis, metricTest(body["metrics"]));
  const labels = labelsOf(call, owner);
  for (const { interval, members } of intervalGroups(series, samples)) {
    for (const { seq, metric, variant } of members.toSorted(byName)) {
      const { x, y } = buckets(call, seq, axis, interval);
      const label = labels(metric, variant);
      yield { metric, variant, x: key === "iso_time" ? x.map(isoOf) : x, y, ...(label === undefined ? {} : { x_axis_label: label }) };
    }
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: SeriesRow, b: SeriesRow): number => compare(a.metric, b.metric) || compare(a.variant, b.variant);

const CURVE = `iter > ${SINGLE_VALUE_ITERATION} AND iter < ${NO_ITERATION}`;

interface Range extends SeriesRow {
  readonly n: number;
  readonly least: number;
  readonly greatest: number;
}

function rangesOf(call: Call, { seq }: Owner, axis: string, wanted: NameTest): Range[] {
  const all = call.db.all<SeriesRow>("SELECT seq, metric, variant FROM series WHERE task = ? ORDER BY metric, variant", seq);
  const sql = `SELECT count(*) AS n, min(${axis}) AS least, max(${axis}) AS greatest FROM points WHERE series = ? AND ${CURVE}`;
  const ranges = all
    .filter(({ metric, variant }) => wanted(metric, variant))
    .map((one) => ({ ...one, ...(call.db.get<Omit<Range, keyof SeriesRow>>(sql, one.seq) as Range) }));
  return ranges.filter((range) => range.n > 0);
}

/** Start and mean of each bucket that holds something; the means are of 32-bit values, as on the official server. */
function buckets(call: Call, series: number, axis: string, interval: number): { x: number[]; y: (number | null)[] } {
  const sums = new Map<number, { sum: number; n: number }>();
  for (const [at, value] of call.db.rows(`SELECT ${axis}, value FROM points WHERE series = ? AND ${CURVE}`, series)) {
    const start = Math.floor((at as number) / interval) * interval;
    const bucket = sums.get(start) ?? { sum: 0, n: 0 };
    if (bucket.n === 0) sums.set(start, bucket);
    if (value === null) continue;
    bucket.sum += Math.fround(value as number);
    bucket.n++;
  }
  const x = [...sums.keys()].sort((a, b) => a - b);
  return { x, y: x.map((start) => meanOf(sums.get(start))) };
}

const meanOf = (bucket: { sum: number; n: number } | undefined): number | null =>
  bucket === undefined || bucket.n === 0 ? null : bucket.sum / bucket.n;

/** Labels of the x axes, as the summary of the task or model has them. */
function labelsOf(call: Call, { id }: Owner): (metric: string, variant: string) => string | undefined {
  const sql = "SELECT last_metrics AS text FROM tasks WHERE id = ? UNION ALL SELECT last_metrics FROM models WHERE id = ?";
  const text = call.db.get<{ text: string | null }>(sql, id, id)?.text ?? "{}";
  if (!text.includes('"x_axis_label"')) return () => undefined;
  const metrics = JSON.parse(text) as Record<string, Record<string, { x_axis_label?: string }>>;
  return (metric, variant) => metrics[md5(metric)]?.[md5(variant)]?.x_axis_label;
}
