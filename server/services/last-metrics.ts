import { md5 } from "../store/database.ts";

/** A scalar of a batch. */
export interface MetricPoint {
  readonly metric: string;
  readonly variant: string;
  readonly iter: number;
  readonly timestamp: number;
  readonly value: number;
  readonly label: string | undefined;
}

/** What `last_metrics` holds of one curve (clearml-api.md 2.3). */
interface Summary {
  metric: string;
  variant: string;
  value: number;
  min_value: number;
  min_value_iteration: number;
  max_value: number;
  max_value_iteration: number;
  first_value: number;
  first_value_iteration: number;
  count: number;
  mean_value: number;
  x_axis_label?: string;
}

export type LastMetrics = Record<string, Record<string, Summary>>;

/** Distinct pairs of metric and variant that a task's summary holds; further ones only have their events. */
const MAX_PAIRS = 2000;

/** Takes a batch into the summary: keys are md5 of the names, the newest of the batch becomes the value whatever stood there. */
export function mergedMetrics(before: LastMetrics, points: readonly MetricPoint[]): LastMetrics {
  const metrics = before;
  let pairs = Object.values(metrics).reduce((sum, variants) => sum + Object.keys(variants).length, 0);
  for (const group of grouped(points).values()) {
    const [first] = group as [MetricPoint, ...MetricPoint[]];
    const variants = (metrics[md5(first.metric)] ??= {});
    const known = variants[md5(first.variant)];
    if (known === undefined && pairs >= MAX_PAIRS) continue;
    if (known === undefined) pairs++;
    variants[md5(first.variant)] = summarized(known, group);
  }
  return Object.fromEntries(Object.entries(metrics).filter(([, variants]) => Object.keys(variants).length > 0));
}

function grouped(points: readonly MetricPoint[]): Map<string, MetricPoint[]> {
  return Map.groupBy(points, (point) => `${point.metric}\n${point.variant}`);
}

function summarized(known: Summary | undefined, points: readonly MetricPoint[]): Summary {
  const ordered = points.toSorted((a, b) => a.iter - b.iter || a.timestamp - b.timestamp);
  const [first, last] = [ordered[0], ordered.at(-1)] as [MetricPoint, MetricPoint];
  const least = ordered.reduce((best, point) => (point.value < best.value ? point : best), first);
  const greatest = ordered.reduce((best, point) => (point.value > best.value ? point : best), first);
  const count = (known?.count ?? 0) + points.length;
  const sum = points.reduce((total, point) => total + point.value, (known?.mean_value ?? 0) * (known?.count ?? 0));
  const keepsMin = known !== undefined && known.min_value <= least.value;
  const keepsMax = known !== undefined && known.max_value >= greatest.value;
  const label = points.find((point) => point.label !== undefined)?.label ?? known?.x_axis_label;
  return {
    metric: first.metric,
    variant: first.variant,
    value: last.value,
    min_value: keepsMin ? known.min_value : least.value,
    min_value_iteration: keepsMin ? known.min_value_iteration : least.iter,
    max_value: keepsMax ? known.max_value : greatest.value,
    max_value_iteration: keepsMax ? known.max_value_iteration : greatest.iter,
    first_value: known?.first_value ?? first.value,
    first_value_iteration: known?.first_value_iteration ?? first.iter,
    count,
    mean_value: Math.round((sum / count) * 100) / 100,
    ...(label === undefined ? {} : { x_axis_label: label }),
  };
}
