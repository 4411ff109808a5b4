import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { METRICS } from "./serving-points.ts";
import { bucketsIn, type TimeRange, timeRangeOf } from "./time-buckets.ts";

/** `serving.get_endpoint_metrics_history` (clearml-services.md 7): one figure over time, of each instance and of all together. */
interface Bucket {
  readonly container: string;
  readonly at: number;
  readonly value: number;
}

interface Chart {
  readonly title: string;
  readonly dates: readonly number[];
  readonly values: readonly number[];
}

/** Numbers in one answer. */
const MAX_VALUES = 500_000;

export function metricsHistory(call: Call, body: Body): object {
  const range = timeRangeOf(body);
  const name = textOf(body, "metric_type") ?? "requests";
  const metric = Object.hasOwn(METRICS, name) ? METRICS[name] : undefined;
  if (metric === undefined) throw new ApiFault(400, 12, "Validation error (unknown metric type)", { metric_type: name });
  const buckets = bucketsOf(call, requiredText(body, "endpoint_url"), range, name);
  if (buckets.length > 0 && !flagOf(body, "instance_charts", true)) throw new ApiFault(500, 0, "'key'");
  const byContainer = Map.groupBy(buckets, (bucket) => bucket.container);
  const dates = datesOf(range, buckets, name !== "requests");
  if (dates.length * byContainer.size > MAX_VALUES)
    throw new ApiFault(400, 12, "Validation error (too many intervals for so many instances)");
  const chart = (title: string, found: readonly Bucket[], isTotal: boolean): Chart => {
    const values = Map.groupBy(found, (bucket) => bucket.at);
    return { title, dates, values: dates.map((at) => combined(values.get(at), isTotal && metric.together === "mean")) };
  };
  return {
    computed_interval: range.intervalMs / 1000,
    total: chart(metric.title, buckets, true),
    instances: Object.fromEntries([...byContainer].map(([id, found]) => [id, chart(id, found, false)])),
  };
}

/** Of each instance and part of the range one value; the last part, which is hardly begun, is left out. */
function bucketsOf(call: Call, url: string, range: TimeRange, name: string): Bucket[] {
  const aggregate = METRICS[name]?.perBucket === "max" ? "max" : "avg";
  return call.db.all<Bucket>(
    `SELECT container, at - at % ? AS at, ${aggregate}(json_extract(figures, '$.${name}')) AS value FROM serving_points
     WHERE company = ? AND url = ? AND at >= ? AND at < ? AND json_extract(figures, '$.${name}') IS NOT NULL
       AND at - at % ? <= ? GROUP BY container, 2 ORDER BY 2, container`,
    range.intervalMs,
    call.caller.company,
    url,
    Math.trunc(range.fromMs),
    Math.ceil(range.toMs),
    range.intervalMs,
    lastDate(range),
  );
}

const lastDate = ({ toMs, intervalMs }: TimeRange): number => Math.floor(toMs - 0.9 * intervalMs);

/** Every part of the range, or, where a pause is no zero, those with something in them. */
function datesOf(range: TimeRange, buckets: readonly Bucket[], isWhole: boolean): number[] {
  if (buckets.length === 0) return [];
  return isWhole ? bucketsIn(range).filter((at) => at <= lastDate(range)) : [...new Set(buckets.map((bucket) => bucket.at))];
}

function combined(found: readonly Bucket[] = [], isMean: boolean): number {
  const sum = found.reduce((total, bucket) => total + bucket.value, 0);
  return Math.round((isMean && found.length > 0 ? sum / found.length : sum) * 100) / 100;
}
