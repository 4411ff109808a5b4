import { wrongType } from "../api-fault.ts";
import { integerOf, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { isoOf, metricTest, seqOf } from "./event-reading.ts";

/** Curves in at most `samples` buckets (clearml-api.md 7.4). */
interface Series {
  readonly seq: number;
  readonly metric: string;
  readonly variant: string;
  readonly x_axis_label: string | null;
  readonly n: number;
  readonly least: number;
  readonly greatest: number;
}

const SINGLE_VALUE_ITERATION = -2_147_483_648;
const MAX_SAMPLES = 6000;

const KEYS = ["iter", "timestamp", "iso_time"];

interface Curve {
  readonly name: string;
  readonly x: (number | string)[];
  readonly y: number[];
  readonly x_axis_label?: string;
}

/** By metric and variant, which callers name as they like: `__proto__` is a name too. */
export type Curves = Map<string, Map<string, Curve>>;

export const nested = <T>(maps: ReadonlyMap<string, ReadonlyMap<string, T>>): object =>
  Object.fromEntries([...maps].map(([name, inner]) => [name, Object.fromEntries(inner)]));

export function scalarCurves(call: Call, body: Body, task = requiredText(body, "task")): Curves {
  const key = textOf(body, "key") ?? "iter";
  const axis = key === "iter" ? "iter" : "timestamp";
  if (!KEYS.includes(key)) throw wrongType("key", KEYS.join(", "));
  const samples = Math.min(Math.max(integerOf(body, "samples") ?? 2000, 1), MAX_SAMPLES);
  const wanted = metricTest(body);
  const curves: Curves = new Map();
  for (const one of seriesOf(call, seqOf(call, task), axis)) {
    if (!wanted(one.metric, one.variant)) continue;
    const interval = one.n < samples ? 1 : Math.max(1, Math.ceil((one.greatest - one.least + 1) / samples));
    const { x, y } = buckets(call, one.seq, axis, interval);
    const curve = { name: one.variant, x: key === "iso_time" ? x.map(isoOf) : x, y };
    const variants = curves.get(one.metric) ?? new Map<string, Curve>();
    curves.set(one.metric, variants.set(one.variant, one.x_axis_label === null ? curve : { ...curve, x_axis_label: one.x_axis_label }));
  }
  return curves;
}

function seriesOf(call: Call, task: number, axis: string): Series[] {
  return call.db.all<Series & Record<string, unknown>>(
    `SELECT series.seq, metric, variant, x_axis_label, count(*) AS n, min(points.${axis}) AS least, max(points.${axis}) AS greatest
     FROM series JOIN points ON points.series = series.seq WHERE task = ? AND iter > ? GROUP BY series.seq ORDER BY metric, variant`,
    task,
    SINGLE_VALUE_ITERATION,
  );
}

/** Start and mean of each bucket that holds something. */
function buckets(call: Call, series: number, axis: string, interval: number): { x: number[]; y: number[] } {
  const rows = call.db.all<{ x: number; y: number }>(
    `SELECT CAST(floor(${axis} * 1.0 / ?) * ? AS INTEGER) AS x, avg(value) AS y FROM points WHERE series = ? AND iter > ? GROUP BY x ORDER BY x`,
    interval,
    interval,
    series,
    SINGLE_VALUE_ITERATION,
  );
  return { x: rows.map((row) => row.x), y: rows.map((row) => row.y) };
}
