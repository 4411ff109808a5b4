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

/** Takes the envelope apart. Throws the server's refusal. */
export function dataOf(endpoint: string, { status, headers }: Answer, { meta, data }: Envelope): unknown {
  if (meta.result_code === 200) return data ?? {};
  const { result_code = status, result_subcode = 0, result_msg = "no message" } = meta;
  const retryAfterMs = retryAfterOf(headers["retry-after"]);
  throw new ApiError({ endpoint, status: result_code, subcode: result_subcode, message: result_msg, retryAfterMs });
}

/** `Retry-After` in ms: seconds or a date (RFC 9110 10.2.3). Undefined: there is none, or one that makes no sense. */
export function retryAfterOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Node makes dates of almost anything; one with a time of day is meant as one.
  const delayMs = /\d:\d\d/.test(text) ? Date.parse(text) - Date.now() : Number.NaN;
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}
