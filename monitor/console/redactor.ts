/** Replaces secret values in a stream of bytes. */
export interface Redactor {
  /** All occurrences replaced. */
  redact(bytes: Buffer): Buffer;
  /** The greatest end ≤ `end` that falls neither into a secret nor into what may become one with what follows `bytes`. */
  endOutside(bytes: Buffer, end: number): number;
}

const MASK = Buffer.from("******");
/** Shorter values would mask ordinary text. */
const MIN_LENGTH = 6;

/** Also finds a secret in the forms in which programs print it: URL-encoded, JSON-escaped, base64. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const needles = [...new Set(secrets.filter((secret) => secret.length >= MIN_LENGTH).flatMap(formsOf))]
    .toSorted((a, b) => b.length - a.length)
    .map((form) => Buffer.from(form));
  if (needles.length === 0) return { redact: (bytes) => bytes, endOutside: (_bytes, end) => end };
  return {
    redact: (bytes) => needles.reduce(replaceAll, bytes),
    endOutside: (bytes, end) => endOutside(bytes, needles, end),
  };
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64];
}

function replaceAll(bytes: Buffer, needle: Buffer): Buffer {
  let at = bytes.indexOf(needle);
  if (at < 0) return bytes;
  const parts: Buffer[] = [];
  let from = 0;
  for (; at >= 0; at = bytes.indexOf(needle, from)) {
    parts.push(bytes.subarray(from, at), MASK);
    from = at + needle.length;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

/** Going back to the begin of one secret may lead into another, which ends with the same characters. */
function endOutside(bytes: Buffer, needles: readonly Buffer[], end: number): number {
  for (let outside = end; ; ) {
    const start = Math.min(...needles.map((needle) => beginAround(bytes, needle, outside)));
    if (start === outside) return outside;
    outside = start;
  }
}

/** Where the needle that `end` falls into begins, be it whole or cut off by the end of `bytes`; else `end` itself. */
function beginAround(bytes: Buffer, needle: Buffer, end: number): number {
  const before = bytes.subarray(0, end);
  const first = needle[0] ?? 0;
  for (let at = before.indexOf(first, Math.max(0, end - needle.length + 1)); at >= 0; at = before.indexOf(first, at + 1)) {
    const there = bytes.subarray(at, at + needle.length);
    if (there.equals(needle.subarray(0, there.length))) return at;
  }
  return end;
}
