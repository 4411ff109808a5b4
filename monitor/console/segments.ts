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

/** Moments of a clock that only grows. */
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
  const full = window.length >= SEGMENT_BYTES;
  if (clock.ended && !full) return { skip: 0, to: window.length, full: true };
  const limit = Math.min(window.length, SEGMENT_BYTES);
  const lastLineEnd = window.lastIndexOf(LF, limit - 1);
  const segment =
    lastLineEnd >= 0 ? { skip: 0, to: lastLineEnd + 1, full } : full ? longLine(window.subarray(0, limit)) : unfinished(window, clock);
  return segment === undefined ? undefined : keepingSecrets(window, segment, redactor);
}

/** A line longer than a request goes in parts; of states that overwrite each other only the newest is kept waiting. */
function longLine(line: Buffer): Segment {
  const from = line.indexOf(CR) < 0 ? 0 : openState(line).from;
  return { skip: from, to: from === 0 ? wholeCharacters(line, line.length) : from, full: true };
}

/** No line end in sight: an unfinished line goes after a second, an open `\r` line now and then. */
function unfinished(line: Buffer, clock: SegmentClock): Segment | undefined {
  const state = line.indexOf(CR) < 0 ? undefined : openState(line);
  const due = clock.sinceMs + UNFINISHED_MS;
  if (clock.nowMs < (state === undefined ? due : Math.max(due, clock.openSentMs + OPEN_EVERY_MS))) return undefined;
  if (state === undefined) return { skip: 0, to: wholeCharacters(line, line.length), full: true };
  return { skip: state.from, to: wholeCharacters(line, state.to), full: true, open: true };
}

/** Never ends a segment inside a secret or what may turn out to be one, unless nothing else can make room. */
function keepingSecrets(window: Buffer, segment: Segment, redactor: Redactor): Segment | undefined {
  if (segment.to === segment.skip) return segment.skip > 0 ? segment : undefined;
  const to = redactor.endOutside(window, segment.to);
  if (to > segment.skip) return { ...segment, to };
  return window.length >= SEGMENT_BYTES ? segment : undefined;
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
