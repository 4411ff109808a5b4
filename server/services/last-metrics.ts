import { md5 } from "../store/database.ts";
import type { PairSummary } from "./metric-summary.ts";

/** What `last_metrics` holds of one curve (clearml-api.md 2.3). */
interface LastMetric {
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

export type LastMetrics = Record<string, Record<string, LastMetric>>;

/** Distinct pairs of metric and variant that a summary holds; further ones only have their events. */
const MAX_PAIRS = 2000;

/** Takes a batch into the summary: keys are md5 of the names, the batch's newest becomes the value whatever stood there. */
export function mergedMetrics(
  metrics: LastMetrics,
  unique: readonly string[],
  batch: readonly PairSummary[],
): { metrics: LastMetrics; unique: string[] } {
  const names = new Set(unique);
  for (const pair of batch) {
    const name = `${pair.metric}/${pair.variant}`;
    if (!names.has(name) && names.size >= MAX_PAIRS) continue;
    names.add(name);
    const variants = (metrics[md5(pair.metric)] ??= {});
    const variant = md5(pair.variant);
    variants[variant] = merged(variants[variant], pair);
  }
  return { metrics, unique: [...names] };
}

/** Of equal values the earlier one keeps its iteration. */
function merged(known: LastMetric | undefined, { metric, variant, ...batch }: PairSummary): LastMetric {
  const keepsMin = known !== undefined && known.min_value <= batch.least.value;
  const keepsMax = known !== undefined && known.max_value >= batch.greatest.value;
  const count = (known?.count ?? 0) + batch.count;
  const sum = (known?.mean_value ?? 0) * (known?.count ?? 0) + batch.sum;
  const label = batch.label ?? known?.x_axis_label;
  return {
    metric,
    variant,
    value: batch.lead.value,
    min_value: keepsMin ? known.min_value : batch.least.value,
    min_value_iteration: keepsMin ? known.min_value_iteration : batch.least.iter,
    max_value: keepsMax ? known.max_value : batch.greatest.value,
    max_value_iteration: keepsMax ? known.max_value_iteration : batch.greatest.iter,
    first_value: known?.first_value ?? batch.first.value,
    first_value_iteration: known?.first_value_iteration ?? batch.first.iter,
    count,
    mean_value: hundredths(sum / count),
    ...(label === undefined ? {} : { x_axis_label: label }),
  };
}

/** Rounded to two decimals, halves to even. */
function hundredths(value: number): number {
  const scaled = value * 100;
  const below = Math.floor(scaled);
  const up = scaled - below === 0.5 ? below % 2 !== 0 : scaled - below > 0.5;
  return (up ? below + 1 : below) / 100;
}
