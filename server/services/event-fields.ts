import type { Body, Call } from "../endpoint.ts";
import { MAX_DATE_MS } from "./event-reading.ts";

/** What every event has (clearml-api.md 7.1). */
export interface EventFields {
  readonly type: string;
  readonly metric: string;
  readonly variant: string;
  readonly iter: number | undefined;
  readonly timestamp: number;
  /** Of a scalar. */
  readonly value: number;
}

/** The event's own fields in stored form; the reason when one of them makes no sense: it costs this event, not the batch. */
export function fieldsOf(call: Call, event: Body, type: string): EventFields | string {
  const [iter, value] = [numberIn(event["iter"]), numberIn(event["value"])];
  const timestamp = numberIn(event["timestamp"]) ?? numberIn(event["ts"]) ?? call.nowMs;
  if (iter !== undefined && !Number.isSafeInteger(Math.trunc(iter))) return `Invalid iteration ${String(event["iter"])}`;
  if (!(Math.abs(timestamp) <= MAX_DATE_MS)) return `Invalid timestamp ${String(event["timestamp"] ?? event["ts"])}`;
  if (type === "training_stats_scalar" && value !== undefined && !Number.isFinite(value)) return `Invalid value ${String(event["value"])}`;
  return {
    type,
    metric: String(event["metric"] ?? ""),
    variant: String(event["variant"] ?? ""),
    iter: iter === undefined ? undefined : Math.trunc(iter),
    timestamp: Math.trunc(timestamp),
    // A client's NaN arrives as null; the official SDK itself reports it as 0.
    value: value ?? 0,
  };
}

/** Undefined when there is none, NaN when it is no number. */
function numberIn(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "number" || (typeof value === "string" && value.trim() !== "") ? Number(value) : Number.NaN;
}
