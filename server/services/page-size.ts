import { ApiFault } from "../api-fault.ts";
import { integerOf } from "../body.ts";
import type { Body } from "../endpoint.ts";
import { MAX_EVENTS } from "./event-rows.ts";

/** `batch_size` of the paged reads. Throws 500/100, as the official server's search does, below 0 and above 10 000. */
export function sizeOf(body: Body, fallback: number): number {
  const size = integerOf(body, "batch_size") ?? fallback;
  if (size >= 0 && size <= MAX_EVENTS) return size;
  throw new ApiFault(500, 100, "General data error (Result window is too large or negative)", { batch_size: size });
}
