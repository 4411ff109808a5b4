import { type Condition, condition, NEVER } from "./conditions.ts";
import type { Kind } from "./documents.ts";

/** The weights of a table's indexed columns, in their order (clearml-tasks-events.md 2.8); other tables have no word index. */
const WEIGHTS: ReadonlyMap<string, string> = new Map([
  ["tasks", "10, 10, 10, 10, 2, 2, 1, 1"],
  ["models", "10, 10, 10, 5, 3, 3"],
  ["projects", "10, 10, 10"],
  ["queues", "10, 10"],
]);

/** Whole words, any of them; `"quoted"` words are demanded side by side, `-words` excluded; English endings do not count. */
export function wordsFilter(kind: Kind, search: string): Condition | undefined {
  if (!WEIGHTS.has(kind.table)) return undefined;
  const match = matchOf(search);
  return match === undefined ? NEVER : condition(`seq IN (SELECT rowid FROM ${kind.table}_words WHERE ${kind.table}_words MATCH ?)`, match);
}

/**
 * What stands in the place of the table in a query that is ordered by relevance: it has a column `score`, lowest is best. The
 * words are looked up once, not for each row. Undefined: no word to rank by.
 */
export function rankedSource(kind: Kind, search: string): Condition | undefined {
  const [weights, match] = [WEIGHTS.get(kind.table), matchOf(search)];
  if (weights === undefined || match === undefined) return undefined;
  const words = `${kind.table}_words`;
  const ranked = `(SELECT rowid AS found, bm25(${words}, ${weights}) AS score FROM ${words} WHERE ${words} MATCH ? LIMIT -1)`;
  return condition(`${ranked} CROSS JOIN ${kind.table} ON seq = found`, match);
}

const TERM = /(-?)"([^"]*)"|(?<=^|\s)-(\S+)|([^\s"]+)/g;
const WORD = /[\p{L}\p{N}\p{M}_]+/gu;
/** Each word costs a reading of the index. */
const MAX_WORDS = 100;

/** The search in FTS5's own language; undefined when no word is left that could be found. */
function matchOf(search: string): string | undefined {
  const [any, phrases, none]: [string[], string[], string[]] = [[], [], []];
  for (const [, minus, quoted, excluded, plain] of search.matchAll(TERM)) {
    if (quoted !== undefined) (minus === "-" ? none : phrases).push(wordsIn(quoted).join(" "));
    else if (excluded !== undefined) none.push(...wordsIn(excluded));
    else any.push(...wordsIn(plain ?? "").filter((word) => !STOP_WORDS.has(bare(word))));
  }
  const [demanded, excluded] = [named(phrases).join(" AND "), named(none).join(" OR ")];
  const wanted = demanded === "" ? named(any).join(" OR ") : demanded;
  if (wanted === "") return undefined;
  return excluded === "" ? wanted : `(${wanted}) NOT (${excluded})`;
}

const wordsIn = (text: string): string[] => text.match(WORD) ?? [];
/** As the index knows it: no accents, lower case. */
const bare = (word: string): string => word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const named = (words: readonly string[]): string[] =>
  words
    .filter((word) => word !== "")
    .slice(0, MAX_WORDS)
    .map((word) => `"${word}"`);

const STOP_WORDS: ReadonlySet<string> = new Set(
  `i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself
  they them their theirs themselves what which who whom this that these those am is are was were be been being have has had
  having do does did doing would should could ought a an the and but if or because as until while of at by for with about against
  between into through during before after above below to from up down in out on off over under again further then once here
  there when where why how all any both each few more most other some such no nor not only own same so than too very`.split(/\s+/),
);
