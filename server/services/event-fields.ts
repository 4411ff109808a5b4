import { ApiFault } from "../api-fault.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { jsonText } from "../store/json-text.ts";

/** Where an event without an iteration stands: behind all others. */
export const NO_ITERATION = Number.MAX_SAFE_INTEGER;
/** Of a value that has no curve (`report_single_value`). */
export const SINGLE_VALUE_ITERATION = -2_147_483_648;

/** An event in the form in which it is stored (clearml-api.md 7.1, clearml-tasks-events.md 8). */
export interface EventFields {
  readonly type: string;
  readonly metric: string;
  readonly variant: string;
  readonly iter: number;
  readonly timestamp: number;
  readonly worker: string;
  /** Of a scalar; null when it has none. */
  readonly value: number | null;
  readonly key: string;
  readonly xAxisLabel: string | null;
  /** As JSON what has no column, or was sent in another form than its column holds. */
  readonly rest: string | null;
}

const COLUMNS = new Set([
  "type",
  "task",
  "model_event",
  "allow_locked",
  "metric",
  "variant",
  "iter",
  "timestamp",
  "ts",
  "worker",
  "values",
]);
const OWN_COLUMNS: Readonly<Record<string, ReadonlySet<string>>> = {
  log: new Set([...COLUMNS, "level", "msg"]),
  training_stats_scalar: new Set([...COLUMNS, "value", "x_axis_label"]),
  training_stats_vector: new Set([...COLUMNS, "x_axis_label"]),
  training_debug_image: new Set([...COLUMNS, "key", "url", "x_axis_label"]),
  plot: new Set([...COLUMNS, "key", "x_axis_label"]),
};

/** Throws 500/0 or 500/100, as the official server does, for what cannot be stored: the batch is then refused whole. */
export function fieldsOf(call: Call, event: Body, type: string, isModel: boolean): EventFields {
  const rest: Document = {};
  const own = OWN_COLUMNS[type] as ReadonlySet<string>;
  for (const name in event) if (!own.has(name)) rest[name] = event[name];
  if (isModel) {
    delete rest["model"];
    rest["model_event"] = true;
  }
  const label = event["x_axis_label"];
  const fields = {
    type,
    metric: nameIn(event, "metric"),
    variant: nameIn(event, "variant"),
    iter: iterationIn(event["iter"], rest),
    timestamp: timestampIn(call, "timestamp" in event ? event["timestamp"] : "ts" in event ? event["ts"] : call.nowMs, rest),
    worker: workerIn(call, event, rest),
    value: type === "training_stats_scalar" ? valueIn(event, rest) : null,
    key: typeof event["key"] === "string" ? event["key"] : "",
    xAxisLabel: typeof label === "string" ? label : null,
  };
  addOwn(type, event, rest);
  return { ...fields, rest: isEmpty(rest) ? null : jsonText(rest, "event") };
}

/** What a type adds, and what of its columns was sent in another form than text. */
function addOwn(type: string, event: Body, rest: Document): void {
  if (type === "training_stats_vector" && "values" in event) rest["value"] = event["values"];
  if (type === "plot") Object.assign(rest, plotFields(event["plot_str"]));
  for (const name of type === "log" ? ["msg", "level"] : type === "training_debug_image" ? ["url", "key"] : ["key"])
    if (name in event && typeof event[name] !== "string") rest[name] = event[name];
}

const IMAGE_SOURCE = /["']source["']\s?:\s?["']([a-z][a-z0-9+.-]*:\/\/[^"']+)["']/gi;

function plotFields(text: unknown): Document {
  if (typeof text !== "string" || text === "") return { plot_len: 0 };
  const sources = new Set([...text.matchAll(IMAGE_SOURCE)].map((match) => match[1]));
  return { plot_len: text.length, ...(sources.size === 0 ? {} : { source_urls: [...sources] }) };
}

function nameIn(event: Body, field: string): string {
  const name = event[field];
  if (name === undefined || name === null) return "";
  if (typeof name !== "string") throw broken(`${field} must be a string`);
  return name;
}

/** 7.9 and "7" are 7, true is 1; null stays null, which `rest` remembers. */
function iterationIn(value: unknown, rest: Document): number {
  if (value === null) rest["iter"] = null;
  if (value === undefined || value === null) return NO_ITERATION;
  const isNumeric = typeof value === "boolean" || (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value));
  const number = isNumeric ? Number(value) : value;
  if (typeof number !== "number") throw broken(`invalid literal for int() with base 10: '${String(value)}'`);
  const iteration = Math.trunc(number);
  if (!Number.isSafeInteger(iteration) || iteration === NO_ITERATION) throw unstorable(`iter ${String(value)} is out of range`);
  return iteration === 0 ? 0 : iteration;
}

/** Greatest distance from 1970 that a date can have. */
const MAX_DATE_MS = 8.64e15;

/** What the official server's reader of JSON takes for a date. */
const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** A null, and a number in the form of a text, are given back as they came; null stands at the time of writing. */
function timestampIn(call: Call, value: unknown, rest: Document): number {
  if (typeof value !== "number") rest["timestamp"] = value;
  if (value === null) return call.nowMs;
  if (typeof value === "string" && ISO_DATE.test(value)) throw broken("timestamp must be a number");
  const number = typeof value === "string" && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !(Math.abs(number) <= MAX_DATE_MS))
    throw unstorable("failed to parse field [timestamp] of type [date]");
  return number;
}

function workerIn(call: Call, event: Body, rest: Document): string {
  if (!("worker" in event)) return call.worker;
  if (typeof event["worker"] === "string") return event["worker"];
  rest["worker"] = event["worker"];
  return "";
}

/** A scalar without a value is stored and enters no summary. */
function valueIn(event: Body, rest: Document): number | null {
  const value = event["value"];
  if (value === undefined) return null;
  if (value === null) rest["value"] = null;
  if (value === null || (typeof value === "number" && Number.isFinite(value))) return value;
  if (typeof value === "boolean" || typeof value === "number") throw unstorable("failed to parse field [value] of type [float]");
  throw broken("the value of a scalar must be a number");
}

function isEmpty(document: Document): boolean {
  for (const _ in document) return false;
  return true;
}

const broken = (message: string): ApiFault => new ApiFault(500, 0, `General server error (${message})`);
const unstorable = (message: string): ApiFault => new ApiFault(500, 100, `General data error (${message})`);
