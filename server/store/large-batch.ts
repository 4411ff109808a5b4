import type { Caller } from "../endpoint.ts";
import type { StoreAnswer, StoreCall } from "./store.ts";

/**
 * A batch of events that would hold the writer for long: a reader checks the whole of it, the writer stores it in slices, each
 * in a transaction of its own, and last come the touched tasks. A refusal stores nothing. When the store itself fails on
 * the way, or the server dies, the slices before are stored, and no task is changed: as on the official server. Sent again, points,
 * plots and images replace themselves; lines of a console stand twice, as after any lost answer.
 */
const SLICE_BYTES = 512 * 1024;
const TASKS_AT_ONCE = 100;
const NEWLINE = 10;

export function isLargeBatch({ endpoint, lines, bytes }: StoreCall): boolean {
  return lines && (endpoint === "events.add_batch" || endpoint === "events.add") && (bytes?.byteLength ?? 0) > 2 * SLICE_BYTES;
}

export async function addInSlices(batch: StoreCall, ask: (call: StoreCall) => Promise<StoreAnswer>): Promise<StoreAnswer> {
  const bytes = batch.bytes as Uint8Array;
  // The thread takes what it is given: the slices need the bytes again.
  const { json } = await ask({ ...batch, endpoint: "internal.check_events", bytes: new Uint8Array(bytes) });
  const { touched, ...reply } = JSON.parse(json) as { touched: object[] };
  const caller: Caller = { ...batch.caller, scope: undefined, onlyTask: undefined };
  for (const slice of slicesOf(bytes)) await ask({ ...batch, caller, endpoint: "internal.store_events", bytes: slice });
  for (let from = 0; from < touched.length; from += TASKS_AT_ONCE) {
    const body = new TextEncoder().encode(JSON.stringify({ touched: touched.slice(from, from + TASKS_AT_ONCE) }));
    await ask({ ...batch, caller, endpoint: "internal.finish_events", bytes: body, lines: false, extra: {} });
  }
  return { json: JSON.stringify(reply) };
}

/** Cut at line ends. */
function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.byteLength; ) {
    const end = bytes.indexOf(NEWLINE, from + SLICE_BYTES);
    const to = end < 0 ? bytes.byteLength : end + 1;
    yield new Uint8Array(bytes.subarray(from, to));
    from = to;
  }
}
