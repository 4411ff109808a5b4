import { ageMs, type Clock, jittered } from "../../base/clock.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { politeDelayMs } from "../../base/retry.ts";
import type { EventSink, LogEvent } from "../event-sink.ts";

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
/** So often the server may refuse a batch before it is looked for what it refuses. */
const REFUSALS = 3;
/** A server that refuses whatever is sent may come to its senses, but the outcome must not wait for that for ever. */
const ALL_REFUSED_MS = 120_000;
/** 413: of a proxy, usually; smaller requests may pass. */
const TOO_LARGE = 413;
const MARK = "windlass: a piece of the console was refused by the server";

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
 * `triedAtMs`: when an earlier process may last have sent this batch; undefined: none has. What the server keeps refusing is
 * left out, with a line that says so in its place. Throws the abort, and a refusal that is not about what was sent.
 */
export async function deliver(batch: Batch, deps: DeliveryDeps, signal: AbortSignal, triedAtMs?: number): Promise<void> {
  const { clock } = deps;
  const leftMs = triedAtMs === undefined ? undefined : MAY_STILL_LAND_MS + FRESH_MS - ageMs(triedAtMs, clock);
  let missing = leftMs === undefined ? batch.lines : await untilLanded(batch, batch.lines, deps, signal, leftMs);
  const beganMs = clock.monotonic();
  for (let failures = 0; ; failures++) {
    const refused = await send(batch, missing, deps, signal, REFUSALS);
    if (refused === undefined || (await sendInHalves(batch, refused, deps, signal))) return;
    if (clock.monotonic() - beganMs > ALL_REFUSED_MS) throw refused.error;
    await clock.sleep(pauseMs(refused.error as CallFailure, failures), signal);
    missing = await untilKnown(batch, batch.lines, deps, signal);
  }
}

/** Lines that the server refuses, and its words. */
interface Refused {
  readonly lines: readonly string[];
  readonly error: unknown;
}

/** Sends until the server has everything, or has refused what is missing `refusals` times. */
async function send(
  batch: Batch,
  lines: readonly string[],
  deps: DeliveryDeps,
  signal: AbortSignal,
  refusals: number,
): Promise<Refused | undefined> {
  let [missing, left] = [lines, refusals];
  for (let failures = 0; missing.length > 0; failures++) {
    try {
      if (failures > 0 || deps.clock.now() - batch.firstTimestampMs > FRESH_MS) await deps.onTry?.(deps.clock.now());
      await deps.sink.addLines(missing.join("\n"), missing.length, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      const failure = error as CallFailure;
      if (!mayPass(failure)) {
        missing = await untilKnown(batch, missing, deps, signal);
        if (--left === 0 || failure.status === TOO_LARGE) return { lines: missing, error };
      }
      deps.logger.debug({ err: error, failures }, "the console waits for the server");
      await deps.clock.sleep(pauseMs(failure, failures), signal);
      if (!mayPass(failure) || neverArrived(error)) continue;
      missing = await untilLanded(batch, missing, deps, signal, MAY_STILL_LAND_MS);
    }
  }
  return undefined;
}

/** Finds out what it is that the server refuses, and sends the rest. False: it refuses whatever is sent. */
async function sendInHalves(batch: Batch, { lines, error }: Refused, deps: DeliveryDeps, signal: AbortSignal): Promise<boolean> {
  const [only] = lines;
  if (only === undefined) return true;
  if (lines.length === 1) return await sendMark(batch, { lines: [markFor(only, error)], error }, deps, signal);
  const middle = Math.ceil(lines.length / 2);
  for (const half of [lines.slice(0, middle), lines.slice(middle)]) {
    const refused = await send(batch, half, deps, signal, half.length === 1 ? REFUSALS : 1);
    if (refused !== undefined && !(await sendInHalves(batch, refused, deps, signal))) return false;
  }
  return true;
}

/** When not even the mark is taken, it is not what was printed that the server minds. */
async function sendMark(batch: Batch, { lines, error }: Refused, deps: DeliveryDeps, signal: AbortSignal): Promise<boolean> {
  if ((await send(batch, lines, deps, signal, 1)) !== undefined) return false;
  deps.logger.warn({ err: error }, "a piece of a console is left out: the server refuses it");
  return true;
}

function markFor(line: string, error: unknown): string {
  const event = JSON.parse(line) as LogEvent;
  const { reason = messageOf(error) } = error as { reason?: string };
  return JSON.stringify({ ...event, msg: `${MARK} (${Buffer.byteLength(event.msg)} bytes): ${reason.slice(0, 200)}\n` });
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
  withinMs: number,
): Promise<readonly string[]> {
  const deadline = deps.clock.monotonic() + withinMs;
  let missing = await untilKnown(batch, sent, deps, signal);
  while (missing.length > 0 && deps.clock.monotonic() < deadline) {
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
      const known = new Set(there.flatMap(({ timestamp, msg }) => [`${timestamp} ${msg}`, ...(msg.startsWith(MARK) ? [timestamp] : [])]));
      return lines.filter((line) => {
        const { timestamp, msg } = JSON.parse(line) as LogEvent;
        return !known.has(`${timestamp} ${msg}`) && !known.has(timestamp);
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
