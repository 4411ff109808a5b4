import { ApiError } from "./api-error.ts";
import type { Answer } from "./connections.ts";

/** What the server wraps each answer in (clearml-api.md 1.4). */
export interface Envelope {
  readonly meta: { readonly result_code?: number; readonly result_subcode?: number; readonly result_msg?: string };
  readonly data?: unknown;
}

/** Undefined: the text is no answer of the server. */
export function parseEnvelope(text: string): Envelope | undefined {
  try {
    const parsed = JSON.parse(text) as Partial<Envelope> | null;
    return parsed?.meta === undefined || parsed.meta === null ? undefined : { ...parsed, meta: parsed.meta };
  } catch {
    return undefined;
  }
}

const KINDS = {
  text: (value: unknown): boolean => typeof value === "string" && value !== "",
  number: (value: unknown): boolean => typeof value === "number",
  list: (value: unknown): boolean => Array.isArray(value),
  map: isMap,
  /** With its id. */
  document: (value: unknown): boolean => isMap(value) && typeof value["id"] === "string" && value["id"] !== "",
};

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Fields without which an answer says nothing. */
export type Needs = Readonly<Record<string, keyof typeof KINDS>>;

/** Takes the envelope apart. Throws the server's refusal, and an answer that lacks what it must hold. */
export function dataOf(endpoint: string, { status, headers }: Answer, { meta, data }: Envelope, needs: Needs = {}): unknown {
  if (meta.result_code === 200) return complete(endpoint, data ?? {}, needs);
  const { result_code = status, result_subcode = 0, result_msg = "no message" } = meta;
  const retryAfterMs = retryAfterOf(headers["retry-after"]);
  throw new ApiError({ endpoint, status: result_code, subcode: result_subcode, message: result_msg, retryAfterMs });
}

/** Whether the call was carried out is as open as with no answer at all. */
function complete(endpoint: string, data: unknown, needs: Needs): unknown {
  const fields = isMap(data) ? data : {};
  const lacking = Object.entries(needs).filter(([field, kind]) => !KINDS[kind](fields[field]));
  if (lacking.length === 0) return data;
  const message = `the server's answer lacks ${lacking.map(([field, kind]) => `${field} (a ${kind})`).join(", ")}`;
  throw new ApiError({ endpoint, status: 502, subcode: 0, message });
}

/** `Retry-After` in ms: seconds or a date (RFC 9110 10.2.3). Undefined: there is none, or one that makes no sense. */
export function retryAfterOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Node makes dates of almost anything; one with a time of day is meant as one.
  const delayMs = /\d:\d\d/.test(text) ? Date.parse(text) - Date.now() : Number.NaN;
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}
