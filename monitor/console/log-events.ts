import { isUtf8 } from "node:buffer";

/** Encodes console bytes as log events: at most 64 KiB of UTF-8 each, cut at a line end where there is one. */
export const EVENT_BYTES = 64 * 1024;
const LF = 0x0a;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export interface EncodedEvents {
  /** One JSON object per event, in order. */
  readonly lines: readonly string[];
}

export class LogEncoder {
  readonly #head: string;

  constructor(task: string, worker: string, level = "INFO") {
    this.#head = JSON.stringify({ type: "log", task, worker, level }).slice(0, -1);
  }

  encode(bytes: Buffer, firstTimestampMs: number): string[] {
    const valid = isUtf8(bytes) ? bytes : Buffer.from(decoder.decode(bytes));
    return pieces(valid).map(
      (piece, at) => `${this.#head},"timestamp":${firstTimestampMs + at},"msg":${JSON.stringify(piece.toString("utf8"))}}`,
    );
  }
}

/** How many events `encode` makes of these bytes. */
export function pieces(valid: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let from = 0; from < valid.length; ) {
    const to = valid.length - from <= EVENT_BYTES ? valid.length : cutAt(valid, from, from + EVENT_BYTES);
    found.push(valid.subarray(from, to));
    from = to;
  }
  return found;
}

function cutAt(valid: Buffer, from: number, limit: number): number {
  const lineEnd = valid.lastIndexOf(LF, limit - 1);
  return lineEnd >= from ? lineEnd + 1 : wholeCharacters(valid, limit);
}

/** The greatest end ≤ `end` that cuts no character in two; bytes that are no UTF-8 at all may be cut anywhere. */
export function wholeCharacters(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] ?? 0;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) return lengthOf(byte) > back ? end - back : end;
  }
  return end;
}

function lengthOf(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}
