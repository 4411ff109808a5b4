/** Folding of `\r` progress bars: of each line only its newest state stays; `\r\n` is a plain line end. */
const CR = 0x0d;
const LF = 0x0a;

/**
 * The bytes without superseded states. `midLine`: the first line's begin was sent already, so its state keeps the `\r`
 * that takes it back to the begin of the line.
 */
export function foldCarriageReturns(bytes: Buffer, midLine: boolean): Buffer {
  if (bytes.indexOf(CR) < 0) return bytes;
  const kept: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const lf = bytes.indexOf(LF, from);
    const to = lf < 0 ? bytes.length : lf + 1;
    kept.push(newestState(bytes.subarray(from, to), midLine && from === 0));
    from = to;
  }
  return Buffer.concat(kept);
}

function newestState(line: Buffer, midLine: boolean): Buffer {
  const content = contentLength(line);
  const last = content === 0 ? -1 : line.lastIndexOf(CR, content - 1);
  if (last < 0) return line;
  return line.subarray(midLine ? last : last + 1);
}

/** Length without the line end and the `\r`s right before it. */
function contentLength(line: Buffer): number {
  let length = line.length;
  if (line[length - 1] === LF) length--;
  while (length > 0 && line[length - 1] === CR) length--;
  return length;
}

/** Of an unfinished line: where its newest state begins (at its `\r`), and where it ends (before trailing `\r`s). */
export function openState(line: Buffer): { from: number; to: number } {
  const to = contentLength(line);
  const last = to === 0 ? -1 : line.lastIndexOf(CR, to - 1);
  return { from: Math.max(last, 0), to };
}
