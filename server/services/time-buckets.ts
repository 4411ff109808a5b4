import { ApiFault } from "../api-fault.ts";
import type { Body } from "../endpoint.ts";

/** Equal parts of a span of time, in ms, that begin at multiples of their length (clearml-services.md 11). */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
}

/** Narrower ones than this are not given: workers report every 30 s. */
const MIN_INTERVAL_SEC = 40;
/** The limit of the official store. */
const MAX_BUCKETS = 65_536;

/** `from_date`, `to_date`, `interval` in seconds, as the contract has checked them. */
export function timeRangeOf(body: Body): TimeRange {
  const { from_date: from, to_date: to, interval } = body as { from_date: number; to_date: number; interval: number };
  if (from >= to) throw new ApiFault(400, 16, "Invalid value for fields (from_date must be less than to_date)");
  const range = { fromMs: from * 1000, toMs: to * 1000, intervalMs: Math.max(interval, MIN_INTERVAL_SEC) * 1000 };
  if ((range.toMs - range.fromMs) / range.intervalMs > MAX_BUCKETS)
    throw new ApiFault(400, 12, `Validation error (more than ${MAX_BUCKETS} intervals)`);
  return range;
}

/** The beginnings of all parts of the span, the one of its end too. */
export function bucketsIn({ fromMs, toMs, intervalMs }: TimeRange): number[] {
  const first = Math.floor(fromMs / intervalMs);
  const count = Math.floor(toMs / intervalMs) - first + 1;
  return Array.from({ length: count }, (_, n) => (first + n) * intervalMs);
}
