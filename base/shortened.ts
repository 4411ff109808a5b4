const LONGEST = 2_000;
/** As deep, and as many entries of one list or map, as a person would read. */
const DEEPEST = 5;
const MOST = 100;

/** A copy in which no text is long, so that what others wrote (a task's name, a server's answer) cannot fill a disk by being told of. */
export function shortened(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return shortText(value);
  if (depth >= DEEPEST || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, MOST).map((one) => shortened(one, depth + 1));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).slice(0, MOST);
  return Object.fromEntries(entries.map(([key, one]) => [shortText(key), shortened(one, depth + 1)]));
}

function shortText(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`;
}

/** What has a form of its own in JSON (a date, an address) is left to that. */
const isPlain = (value: object): boolean => !("toJSON" in value);
