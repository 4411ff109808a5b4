import { isMap, listOf } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION } from "./event-fields.ts";

/** Events as they are stored, and as the wire has them. */
interface EventRow extends Record<string, unknown> {
  readonly timestamp: number;
  readonly written: number;
  readonly worker: string | null;
  readonly iter: number | null;
  /** JSON of what has no column. */
  readonly fields: string | null;
}

export interface LogRow extends EventRow {
  readonly seq: number;
  readonly level: string | null;
  readonly metric: string | null;
  readonly variant: string | null;
  readonly msg: string | null;
}

export interface PointRow extends EventRow {
  readonly series: number;
  readonly iter: number;
  readonly value: number | null;
}

export interface OtherRow extends EventRow {
  readonly seq: number;
  readonly type: string;
  readonly metric: string;
  readonly variant: string;
  readonly iter: number;
  readonly key: string;
  readonly url: string | null;
}

/** A curve: what its points have in common. */
export interface SeriesRow extends Record<string, unknown> {
  readonly seq: number;
  readonly metric: string;
  readonly variant: string;
}

/** More than this no page holds, whatever is asked for: as large as a result of the official server may be. */
export const MAX_EVENTS = 10_000;

/** Greatest distance from 1970 that a date can have. */
const MAX_DATE_MS = 8.64e15;

export const isoOf = (ms: number): string => new Date(Math.max(-MAX_DATE_MS, Math.min(ms, MAX_DATE_MS))).toISOString();

export function logEvent(task: string, row: LogRow): Document {
  return event(task, "log", row, { metric: row.metric ?? "", variant: row.variant ?? "", level: row.level, msg: row.msg });
}

export function pointEvent(task: string, { metric, variant }: SeriesRow, row: PointRow): Document {
  return event(task, "training_stats_scalar", row, { metric, variant, value: row.value });
}

export function otherEvent(task: string, row: OtherRow): Document {
  const { type, metric, variant, key, url } = row;
  return event(task, type, row, { metric, variant, key: key === "" ? null : key, url });
}

/** What was sent in another form than its column holds stands over the column. */
function event(task: string, type: string, row: EventRow, own: Document): Document {
  const document: Document = { type, task };
  if (row.iter !== null && row.iter !== NO_ITERATION) document["iter"] = row.iter;
  for (const name in own) if (own[name] !== null) document[name] = own[name];
  document["timestamp"] = row.timestamp;
  document["@timestamp"] = isoOf(row.written);
  document["worker"] = row.worker ?? "";
  document["model_event"] = false;
  return row.fields === null ? document : Object.assign(document, JSON.parse(row.fields));
}

export type NameTest = (metric: string, variant: string) => boolean;

/** `metrics: [{metric, variants}]`: which curves are meant; no variants are all of them. */
export function metricTest(metrics: unknown): NameTest {
  const wanted = (listOf({ metrics } as Body, "metrics") ?? []).filter(isMap);
  if (wanted.length === 0) return () => true;
  return (metric, variant) => wanted.some((one) => one["metric"] === metric && isOneOf(one["variants"], variant));
}

function isOneOf(variants: unknown, variant: string): boolean {
  return !Array.isArray(variants) || variants.length === 0 || variants.includes(variant);
}
