import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { EventSink } from "../event-sink.ts";

/** Log events, encoded, that go to the server together. */
export interface Batch {
  readonly lines: readonly string[];
  readonly firstTimestampMs: number;
}

export interface DeliveryDeps {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The program is over and its report waits for the console: a server that refuses everything is not waited for without end. */
  readonly isEnding: () => boolean;
  /** Told before each try that is not right after the batch was recorded, so that it can be written down. */
  readonly onTry?: (nowMs: number) => Promise<void>;
}

/** About a minute of growing pauses. */
const TRIES_AT_THE_END = 7;

/** Whether what the server refuses whatever is asked of it is given up after so many tries: as long as the program runs, never. */
export function isTriedEnough({ isEnding }: DeliveryDeps, tries: number): boolean {
  return isEnding() && tries >= TRIES_AT_THE_END;
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
