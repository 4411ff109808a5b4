import { foldCarriageReturns, openState } from "./carriage-returns.ts";
import { wholeCharacters } from "./log-events.ts";
import type { Redactor } from "./redactor.ts";

/** Decides which of the bytes that were not sent yet go next. */
export interface Segment {
  /** Bytes from the start of the window that are superseded and not sent. */
  readonly skip: number;
  /** End of what is sent; the rest waits. */
  readonly to: number;
  /** Worth a request of its own at once; else it may wait for more. */
  readonly full: boolean;
  /** It ends with the newest state of an open `\r` line. */
  readonly open?: boolean;
}

export interface SegmentClock {
  readonly nowMs: number;
  /** When the first unsent byte was seen. */
  readonly sinceMs: number;
  /** When an open `\r` line was sent last. */
  readonly openSentMs: number;
  /** The program has ended: nothing will follow. */
  readonly ended: boolean;
}

/** Raw bytes of one request: with the envelope and ordinary escapes this stays below 1 MiB. */
export const SEGMENT_BYTES = 880 * 1024;
const UNFINISHED_MS = 1_000;
const OPEN_EVERY_MS = 10_000;
const CR = 0x0d;
const LF = 0x0a;

/** The next segment of the window, or undefined when everything in it has to wait. */
export function nextSegment(window: Buffer, redactor: Redactor, clock: SegmentClock): Segment | undefined {
  if (window.length === 0) return undefined;
  const limit = Math.min(window.length, SEGMENT_BYTES);
  const lastLineEnd = window.lastIndexOf(LF, limit - 1);
  const full = window.length >= SEGMENT_BYTES;
  if (lastLineEnd >= 0) return keepingSecrets(window, { skip: 0, to: lastLineEnd + 1, full }, redactor, clock);
  return unfinished(window.subarray(0, limit), full, redactor, clock);
}

/** No line end in sight: a long line goes in parts, an unfinished one after a second, an open `\r` line now and then. */
function unfinished(line: Buffer, full: boolean, redactor: Redactor, clock: SegmentClock): Segment | undefined {
  const state = line.indexOf(CR) < 0 ? undefined : openState(line);
  if (full) return state === undefined || state.from === 0 ? partOf(line, redactor, clock) : { skip: state.from, to: state.from, full };
  if (clock.ended) return { skip: 0, to: line.length, full: true };
  const due =
    state === undefined ? clock.sinceMs + UNFINISHED_MS : Math.max(clock.sinceMs + UNFINISHED_MS, clock.openSentMs + OPEN_EVERY_MS);
  if (clock.nowMs < due) return undefined;
  if (state === undefined) return partOf(line, redactor, clock);
  return state.to > state.from ? { skip: state.from, to: wholeCharacters(line, state.to), full: true, open: true } : undefined;
}

function partOf(line: Buffer, redactor: Redactor, clock: SegmentClock): Segment | undefined {
  return keepingSecrets(line, { skip: 0, to: wholeCharacters(line, line.length), full: true }, redactor, clock);
}

/** Never ends a segment inside what may turn out to be a secret, unless nothing can follow. */
function keepingSecrets(window: Buffer, segment: Segment, redactor: Redactor, clock: SegmentClock): Segment | undefined {
  if (clock.ended && segment.to === window.length) return segment;
  const to = segment.to - redactor.heldBack(window.subarray(0, segment.to));
  return to > segment.skip ? { ...segment, to } : undefined;
}

/** What of a segment is shown: newest states only, secrets masked. Depends on nothing but its arguments. */
export function shownBytes(bytes: Buffer, midLine: boolean, redactor: Redactor): Buffer {
  return redactor.redact(foldCarriageReturns(bytes, midLine));
}

/** When an unsent window has to be looked at again, in ms from now; undefined: when something new comes. */
export function lookAgainInMs(window: Buffer, clock: SegmentClock): number | undefined {
  if (window.length === 0) return undefined;
  const due = Math.max(clock.sinceMs + UNFINISHED_MS, window.indexOf(CR) < 0 ? 0 : clock.openSentMs + OPEN_EVERY_MS);
  return Math.max(due - clock.nowMs, 10);
}
