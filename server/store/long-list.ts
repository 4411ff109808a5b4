import { bodyOf } from "./json-body.ts";
import type { StoreAnswer, StoreCall } from "./store.ts";

/**
 * A call for many ids that would hold the writer for long. Each id counts by itself (services/many.ts), so the list is cut, each
 * part is a transaction of its own, and the writes of others go between. When the store fails on the way the caller gets that
 * failure, and what was done before it stays: as on the official server. Repeated, the call tells what was done already.
 */
const IDS_AT_ONCE = 20;
const SHORT_BYTES = 512;

interface Reply extends Record<string, unknown> {
  readonly succeeded: object[];
  readonly failed: object[];
}

export function isLongList({ endpoint, lines, bytes }: StoreCall): boolean {
  return !lines && endpoint.endsWith("_many") && (bytes?.byteLength ?? 0) > SHORT_BYTES;
}

/** What is no list of texts goes as it is, to be refused before anything is done. */
export async function askInParts(call: StoreCall, ask: (call: StoreCall) => Promise<StoreAnswer>): Promise<StoreAnswer> {
  const { ids, ...body } = bodyOf(call);
  if (!Array.isArray(ids) || ids.length <= IDS_AT_ONCE || !ids.every((id) => typeof id === "string")) return await ask(call);
  const whole: Reply = { succeeded: [], failed: [] };
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...body, ids: ids.slice(from, from + IDS_AT_ONCE) }));
    const { succeeded, failed, ...rest } = JSON.parse((await ask({ ...call, bytes, extra: {} })).json) as Reply;
    whole.succeeded.push(...succeeded);
    whole.failed.push(...failed);
    // What else is told comes from the first success.
    for (const [name, value] of Object.entries(rest)) whole[name] ??= value;
  }
  return { json: JSON.stringify(whole) };
}
