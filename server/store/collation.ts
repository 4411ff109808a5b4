/**
 * SQL's `numeric_key(value)`: a text that sorts by its bytes as the official server's numeric collation sorts the value
 * (clearml-tasks-events.md 2.6): runs of digits as whole numbers, letters whatever their case, lower case first among equals.
 * Punctuation and symbols come before digits, digits before letters. What is no text stays as it is.
 */
export function numericKey(value: unknown): unknown {
  return typeof value === "string" ? keyOf(value) : value;
}

const COLLATOR = new Intl.Collator("en");
/** Everything below the digits, in the order of the Unicode collation. */
const SIGNS = Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x20 + at))
  .filter((sign) => !/[\dA-Za-z]/.test(sign))
  .toSorted(COLLATOR.compare);
const RANK: ReadonlyMap<string, string> = new Map(SIGNS.map((sign, rank) => [sign, String.fromCharCode(2 + rank)]));

const DIGITS = "\u0040";
const END = "\u0001";
const MAX_DIGITS = 0xd000;

function keyOf(text: string): string {
  let [key, cases] = ["", ""];
  for (const [part] of text.normalize("NFKD").matchAll(/\d+|\p{M}+|[^\d\p{M}]/gsu)) {
    if (/^\p{M}/u.test(part)) continue;
    if (/^\d/.test(part)) key += numberKey(part);
    else {
      const lower = part.toLowerCase();
      key += RANK.get(part) ?? lower;
      cases += lower === part ? "0" : "1";
    }
  }
  return `${key}${END}${cases}`;
}

/** Longer numbers are greater; leading zeros do not count. */
function numberKey(digits: string): string {
  const number = digits.replace(/^0+/, "");
  return DIGITS + String.fromCharCode(0x100 + Math.min(number.length, MAX_DIGITS)) + number;
}
