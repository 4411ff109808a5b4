import { type Clock, jittered } from "../../base/clock.ts";
import { codeOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { politeDelayMs } from "../../base/retry.ts";
import type { EventSink } from "../event-sink.ts";

/**
 * Brings one batch of log events to the server exactly once. The server appends whatever it gets, so a doubtful request
 * is never simply repeated: what of it arrived is read back first, for ten seconds, since it may still land.
 */
const MAY_STILL_LAND_MS = 10_000;
/** A batch that is sent within this time after it was recorded needs no second record: its first timestamp says when. */
const FRESH_MS = 1_000;
const LOOK_EVERY_MS = 1_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface Batch {
  readonly lines: readonly string[];
  readonly firstTimestampMs: number;
}

export interface DeliveryDeps {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told before each try that is not right after the batch was recorded, so that it can be written down. */
  readonly onTry?: (nowMs: number) => Promise<void>;
}

/** A failed call, as far as its error tells. */
interface CallFailure {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly status?: number;
}

/**
 * `triedAtMs`: when an earlier process may last have sent this batch; undefined: none has. Throws what the server refuses for
 * good, or the abort.
 */
export async function deliver(batch: Batch, deps: DeliveryDeps, signal: AbortSignal, triedAtMs?: number): Promise<void> {
  let missing = triedAtMs === undefined ? batch.lines : await untilLanded(batch, batch.lines, deps, signal, triedAtMs + FRESH_MS);
  for (let failures = 0; missing.length > 0; failures++) {
    try {
      if (failures > 0 || deps.clock.now() - batch.firstTimestampMs > FRESH_MS) await deps.onTry?.(deps.clock.now());
      await deps.sink.addLines(missing.join("\n"), missing.length, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      const failure = error as CallFailure;
      if (!mayPass(failure)) throw error;
      deps.logger.debug({ err: error, failures }, "the console waits for the server");
      await deps.clock.sleep(pauseMs(failure, failures), signal);
      if (neverArrived(error)) continue;
      missing = await untilLanded(batch, missing, deps, signal, deps.clock.now());
    }
  }
}

/** Keys that the server does not take for a while cost no line. */
function mayPass({ retryable, status }: CallFailure): boolean {
  return retryable === true || status === 401 || status === 403;
}

function pauseMs(failure: CallFailure, failures: number): number {
  if (failure.retryAfterMs !== undefined) return politeDelayMs(failure.retryAfterMs);
  return jittered(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
}

/** The connection was refused, or the server said so itself (429): the request was certainly not carried out. */
function neverArrived(error: unknown): boolean {
  const { status, cause } = error as CallFailure & { cause?: unknown };
  return status === 429 || codeOf(cause) === "ECONNREFUSED";
}

async function untilLanded(
  batch: Batch,
  sent: readonly string[],
  deps: DeliveryDeps,
  signal: AbortSignal,
  triedAtMs: number,
): Promise<readonly string[]> {
  let missing = await untilKnown(batch, sent, deps, signal);
  for (const deadline = triedAtMs + MAY_STILL_LAND_MS; missing.length > 0 && deps.clock.now() < deadline; ) {
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
    missing = await untilKnown(batch, sent, deps, signal);
  }
  return missing;
}

/** Which of `lines` the server does not have; asked until it answers. */
async function untilKnown(batch: Batch, lines: readonly string[], deps: DeliveryDeps, signal: AbortSignal): Promise<readonly string[]> {
  for (let failures = 0; ; failures++) {
    try {
      const there = await deps.sink.readLog(batch.firstTimestampMs, signal);
      const known = new Set(there.map((event) => `${event.timestamp} ${event.msg}`));
      return lines.filter((line) => {
        const { timestamp, msg } = JSON.parse(line) as { timestamp: number; msg: string };
        return !known.has(`${timestamp} ${msg}`);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error as CallFailure)) throw error;
      await deps.clock.sleep(pauseMs(error as CallFailure, failures), signal);
    }
  }
}

const REQUEST_BYTES = 1_000_000;

/** Usually one request; text full of control characters grows when it is encoded and goes in several. */
export function requestsOf(batch: Batch): Batch[] {
  const total = batch.lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  if (total <= REQUEST_BYTES) return [batch];
  const found: Batch[] = [];
  let lines: string[] = [];
  let size = 0;
  for (const line of batch.lines) {
    const bytes = Buffer.byteLength(line) + 1;
    if (size + bytes > REQUEST_BYTES && lines.length > 0) {
      found.push({ lines, firstTimestampMs: batch.firstTimestampMs });
      [lines, size] = [[], 0];
    }
    lines.push(line);
    size += bytes;
  }
  return [...found, { lines, firstTimestampMs: batch.firstTimestampMs }];
}
