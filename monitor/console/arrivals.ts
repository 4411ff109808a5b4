import type { LogEvent } from "../event-sink.ts";
import { type Batch, type DeliveryDeps, isTriedEnough } from "./batch.ts";
import { type CallFailure, isRefusal, mayPass, pauseMs } from "./call-failure.ts";
import { isMark } from "./refused-lines.ts";

/** A request whose answer was lost may still be carried out for so long. */
export const MAY_STILL_LAND_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Which of `sent` the server does not have. It is looked again and again for `lookMs`, as long as less than `expected` of them
 * have arrived: what the server has taken may be shown a moment later. Counts its own pauses, so that no clock stretches them.
 */
export async function untilLanded(
  batch: Batch,
  sent: readonly string[],
  deps: DeliveryDeps,
  { lookMs, expected = sent.length }: { readonly lookMs: number; readonly expected?: number },
): Promise<readonly string[]> {
  let missing = without(sent, await eventsThere(batch, deps));
  for (let leftMs = lookMs; missing.length > sent.length - expected && leftMs > 0; leftMs -= LOOK_EVERY_MS) {
    await deps.clock.sleep(LOOK_EVERY_MS, deps.signal);
    missing = without(sent, await eventsThere(batch, deps));
  }
  return missing;
}

/** What the server has from the first moment of the batch on; asked until it answers. */
export async function eventsThere(batch: Batch, deps: DeliveryDeps): Promise<readonly LogEvent[]> {
  for (let failures = 0; ; failures++) {
    try {
      return await deps.sink.readLog(batch.firstTimestampMs, deps.signal);
    } catch (error) {
      deps.signal.throwIfAborted();
      const failure = error as CallFailure;
      if (!mayPass(failure) && (!isRefusal(failure) || isTriedEnough(deps, failures))) throw error;
      await deps.clock.sleep(pauseMs(failure, failures), deps.signal);
    }
  }
}

/** A line that was refused is there when our own line stands in its place. */
function without(lines: readonly string[], there: readonly LogEvent[]): string[] {
  const known = new Set(there.flatMap((event) => [`${event.timestamp} ${event.msg}`, ...(isMark(event) ? [event.timestamp] : [])]));
  return lines.filter((line) => {
    const { timestamp, msg } = JSON.parse(line) as LogEvent;
    return !known.has(`${timestamp} ${msg}`) && !known.has(timestamp);
  });
}
