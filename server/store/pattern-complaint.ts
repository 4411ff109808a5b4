/** The pieces of a Python pattern, as far as they matter for what may stand behind what. */
const PIECES = new RegExp(
  [
    /(?<repeat>(?:[*+?]|\{(?:\d+,?\d*|,\d*)\})[?+]?)/,
    /(?<open>\((?:\?(?:[:=!]|<[=!]|P<\w+>|[a-zA-Z]*(?=\))))?(?!\?))/,
    /(?<strange>\(\?)/,
    /(?<close>\))/,
    /(?<one>\[(?:\^|(?!\^))(?:\\.|[^\\])(?:\\.|[^\\\]])*\]|\\.)/,
    /(?<endless>\[|\\)/,
    /(?<edge>[|^])/,
    /(?<other>.)/,
  ]
    .map((piece) => piece.source)
    .join("|"),
  "gsu",
);

type Standing = "nothing" | "one" | "repeated";

/**
 * What Python says of a pattern that is none (clearml-tasks-events.md 2.4): the usual mistakes, each with its place. Undefined
 * for the others, of which our own engine speaks.
 */
export function complaintOf(pattern: string): string | undefined {
  const open: number[] = [];
  let before: Standing = "nothing";
  for (const { 0: piece, index, groups = {} } of pattern.matchAll(PIECES)) {
    if (groups["strange"] !== undefined) return undefined;
    if (groups["endless"] !== undefined)
      return `${piece === "[" ? "unterminated character set" : "bad escape (end of pattern)"} at position ${index}`;
    if (groups["open"] !== undefined) open.push(index);
    if (groups["close"] !== undefined && open.pop() === undefined) return `unbalanced parenthesis at position ${index}`;
    const repeats = groups["repeat"] !== undefined;
    if (repeats && before !== "one") return `${before === "nothing" ? "nothing to" : "multiple"} repeat at position ${index}`;
    before = repeats ? "repeated" : (groups["open"] ?? groups["edge"]) === undefined ? "one" : "nothing";
  }
  const last = open.at(-1);
  return last === undefined ? undefined : `missing ), unterminated subpattern at position ${last}`;
}
