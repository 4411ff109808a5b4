/** Replaces secret values in a stream of bytes. */
export interface Redactor {
  /** All occurrences replaced. */
  redact(bytes: Buffer): Buffer;
  /** How many bytes at the end could be the beginning of a secret: they must wait for what follows. */
  heldBack(bytes: Buffer): number;
}

const MASK = Buffer.from("******");
/** Shorter values would mask ordinary text. */
const MIN_LENGTH = 6;

/** Also finds a secret in the forms in which programs print it: URL-encoded, JSON-escaped, base64. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const needles = [...new Set(secrets.filter((secret) => secret.length >= MIN_LENGTH).flatMap(formsOf))]
    .toSorted((a, b) => b.length - a.length)
    .map((form) => Buffer.from(form));
  if (needles.length === 0) return { redact: (bytes) => bytes, heldBack: () => 0 };
  return {
    redact: (bytes) => needles.reduce(replaceAll, bytes),
    heldBack: (bytes) => Math.max(...needles.map((needle) => prefixAtEnd(bytes, needle))),
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

function prefixAtEnd(bytes: Buffer, needle: Buffer): number {
  const first = needle[0] ?? 0;
  const start = Math.max(0, bytes.length - needle.length + 1);
  for (let at = bytes.indexOf(first, start); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (bytes.subarray(at).equals(needle.subarray(0, bytes.length - at))) return bytes.length - at;
  }
  return 0;
}
