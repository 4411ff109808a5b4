import { type Clock, systemClock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { Logger } from "../../base/logger.ts";
import type { EventSink } from "../event-sink.ts";
import { type Batch, type DeliveryDeps, requestsOf } from "./batch.ts";
import { deliver } from "./delivery.ts";
import { LogEncoder } from "./log-events.ts";
import type { Redactor } from "./redactor.ts";
import { lookAgainInMs, nextSegment, SEGMENT_BYTES, type SegmentClock, shownBytes } from "./segments.ts";
import { type BatchRecord, SpoolCursor } from "./spool-cursor.ts";
import { SpoolReader } from "./spool-reader.ts";

export interface ShipperOptions {
  /** The spool, and where it stands on the server. */
  readonly path: string;
  readonly cursorPath: string;
  readonly task: string;
  readonly worker: string;
  readonly sink: EventSink;
  readonly redactor: Redactor;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface ConsoleTotals {
  /** Bytes of the spool that were dealt with. */
  readonly bytes: number;
  readonly events: number;
}

export interface Shipper {
  /** The program has ended: ships to the last byte; resolves when the server has acknowledged it. Throws the words of a server that takes nothing. */
  drain(signal: AbortSignal): Promise<ConsoleTotals>;
  /** Halts; the cursor lets the next agent go on at this byte. */
  stop(): Promise<void>;
}

/** Requests with little in them are at least this far apart; the first one goes at once. */
const QUIET_MS = 200;

/** Bytes per millisecond of a program that prints faster than any console is read, and how long it then gets the processor. */
const BURST_RATE = 100_000;
const BURST_REST_MS = 50;

/** Follows a spool and brings it to the server while the program runs. */
export async function startShipper(options: ShipperOptions): Promise<Shipper> {
  const cursor = await SpoolCursor.open(options.cursorPath);
  const reader = await SpoolReader.open(options.path, cursor.state.offset);
  return new SpoolShipper(options, cursor, reader);
}

/** A batch with its place in the spool, recorded on disk before it is sent. */
interface Prepared extends Batch {
  readonly record: BatchRecord;
}

class SpoolShipper implements Shipper {
  readonly #options: ShipperOptions;
  readonly #clock: Clock;
  readonly #cursor: SpoolCursor;
  readonly #reader: SpoolReader;
  readonly #encoder: LogEncoder;
  readonly #halt = new AbortController();
  readonly #loop: Promise<void>;
  #ended = false;
  /** Moments of the clock that only grows. */
  #sinceMs: number | undefined;
  #openSentMs = -Infinity;
  #seen = { bytes: 0, ms: 0 };
  #sentMs = -Infinity;
  #events = 0;
  /** Acknowledged up to here; on disk with the next record. */
  #acked: number;
  #lastTimestampMs: number;
  #inFlight: { prepared: Prepared; done: Promise<void> } | undefined;

  constructor(options: ShipperOptions, cursor: SpoolCursor, reader: SpoolReader) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cursor = cursor;
    this.#reader = reader;
    this.#encoder = new LogEncoder(options.task, options.worker);
    this.#acked = cursor.state.offset;
    this.#lastTimestampMs = cursor.state.lastTimestampMs;
    this.#loop = this.#run();
    this.#loop.catch(() => undefined);
  }

  async drain(signal: AbortSignal): Promise<ConsoleTotals> {
    const halt = (): void => this.#halt.abort(signal.reason);
    signal.addEventListener("abort", halt, { once: true });
    if (signal.aborted) halt();
    this.#ended = true;
    this.#reader.wake();
    try {
      await this.#loop;
      await this.#cursor.save({ offset: this.#acked, lastTimestampMs: this.#lastTimestampMs, batches: [] });
      return { bytes: this.#acked, events: this.#events };
    } finally {
      signal.removeEventListener("abort", halt);
      await this.#close();
    }
  }

  async stop(): Promise<void> {
    this.#halt.abort(new Error("the shipper was halted"));
    this.#reader.wake();
    await this.#loop.catch(() => undefined);
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#reader.close().catch(() => undefined);
    await this.#cursor.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    const signal = this.#halt.signal;
    await this.#recover();
    while (!signal.aborted) {
      const wasEnded = this.#ended;
      const filled = await this.#reader.fill(SEGMENT_BYTES);
      if (filled === "grew") this.#sinceMs ??= this.#clock.monotonic();
      const prepared = this.#prepare(wasEnded && filled === "end");
      if (prepared !== undefined) {
        await this.#send(prepared);
        await this.#letItPrint();
      } else if (wasEnded && filled === "end" && this.#reader.window.length === 0) break;
      else if (filled === "end") await this.#rest();
    }
    signal.throwIfAborted();
    await this.#inFlight?.done;
  }

  /** A burst lies on disk first: what it takes to send it would slow the program down, on a machine with few processors. */
  async #letItPrint(): Promise<void> {
    if (this.#ended) return;
    const [{ bytes, ms }, now] = [this.#seen, { bytes: await this.#reader.size(), ms: this.#clock.monotonic() }];
    this.#seen = now;
    if (now.bytes - bytes > BURST_RATE * Math.max(now.ms - ms, 1)) await this.#clock.sleep(BURST_REST_MS);
  }

  /** Batches of an agent that is no more: sent again, exactly as they were, unless they arrived. */
  async #recover(): Promise<void> {
    for (const record of this.#cursor.state.batches) {
      const { bytes, midLine } = await this.#reader.range(record.from, record.to);
      const lines = this.#encoder.encode(shownBytes(bytes, midLine, this.#options.redactor), record.firstTimestampMs);
      for (const request of requestsOf({ lines, firstTimestampMs: record.firstTimestampMs }))
        await deliver(request, this.#deps(record), record.triedAtMs ?? record.firstTimestampMs);
      this.#acked = record.to;
      this.#lastTimestampMs = Math.max(this.#lastTimestampMs, record.firstTimestampMs + record.events - 1);
    }
    await this.#reader.skipTo(this.#acked);
  }

  /** Takes the next segment off the window and encodes it; undefined when nothing is due. */
  #prepare(nothingFollows: boolean): Prepared | undefined {
    const clock = this.#segmentClock(nothingFollows);
    const segment = nextSegment(this.#reader.window, this.#options.redactor, clock);
    if (segment === undefined) return undefined;
    if (!segment.full && !this.#ended && clock.nowMs < this.#sentMs + QUIET_MS) return undefined;
    this.#reader.advance(segment.skip);
    const length = segment.to - segment.skip;
    const from = this.#reader.position;
    const firstTimestampMs = Math.max(this.#clock.now(), this.#lastTimestampMs + 1);
    const shown = shownBytes(this.#reader.window.subarray(0, length), this.#reader.midLine, this.#options.redactor);
    const lines = this.#encoder.encode(shown, firstTimestampMs);
    if (segment.open === true) this.#openSentMs = clock.nowMs;
    this.#reader.advance(length);
    this.#sinceMs = this.#reader.window.length === 0 ? undefined : clock.nowMs;
    this.#lastTimestampMs = firstTimestampMs + Math.max(lines.length - 1, 0);
    return { lines, firstTimestampMs, record: { from, to: from + length, firstTimestampMs, events: lines.length, final: nothingFollows } };
  }

  #segmentClock(ended: boolean): SegmentClock {
    const nowMs = this.#clock.monotonic();
    return { nowMs, sinceMs: this.#sinceMs ?? nowMs, openSentMs: this.#openSentMs, ended };
  }

  /** Records the batch while the one before is still in flight; sends it when that one has arrived. */
  async #send(prepared: Prepared): Promise<void> {
    const before = this.#inFlight;
    const batches = before === undefined ? [prepared.record] : [before.prepared.record, prepared.record];
    await this.#cursor.save({ offset: this.#acked, lastTimestampMs: this.#lastTimestampMs, batches });
    crashPoint("console/batch-recorded");
    await before?.done;
    this.#sentMs = this.#clock.monotonic();
    const done = this.#deliverAll(prepared);
    done.catch(() => undefined);
    this.#inFlight = { prepared, done };
  }

  async #deliverAll(prepared: Prepared): Promise<void> {
    for (const request of requestsOf(prepared)) await deliver(request, this.#deps(prepared.record));
    crashPoint("console/batch-sent");
    this.#acked = prepared.record.to;
    this.#events += prepared.lines.length;
    if (this.#inFlight?.prepared === prepared) this.#inFlight = undefined;
  }

  async #rest(): Promise<void> {
    const clock = this.#segmentClock(false);
    const hasLine = this.#reader.window.includes(0x0a);
    const ms = hasLine ? Math.max(this.#sentMs + QUIET_MS - clock.nowMs, 5) : lookAgainInMs(this.#reader.window, clock);
    await this.#reader.waitForMore(ms);
    if (hasLine && !this.#ended) await this.#clock.sleep(Math.max(this.#sentMs + QUIET_MS - this.#clock.monotonic(), 0));
  }

  #deps(record: BatchRecord): DeliveryDeps {
    const onTry = (triedAtMs: number): Promise<void> => this.#writeTry(record, triedAtMs);
    const { sink, logger } = this.#options;
    return { sink, clock: this.#clock, logger, signal: this.#halt.signal, isEnding: () => this.#ended, onTry };
  }

  /** The next agent has to know from when on this batch cannot land any more. */
  async #writeTry(record: BatchRecord, triedAtMs: number): Promise<void> {
    const { state } = this.#cursor;
    const batches = state.batches.map((batch) => (batch.from === record.from ? { ...batch, triedAtMs } : batch));
    await this.#cursor.save({ ...state, batches });
  }
}
