import { ApiFault } from "../api-fault.ts";
import type { Body } from "../endpoint.ts";
import { type Condition, condition } from "./conditions.ts";
import type { Kind } from "./documents.ts";
import { isArrayPath, partsOf, sqlPath } from "./paths.ts";
import { wordsRank } from "./words.ts";

const NUMERIC = /^(hyperparams|last_metrics|execution\.parameters)\./;
/** Fields in which no empty text is ever stored: their indexes give the order. */
const NEVER_EMPTY: ReadonlySet<string> = new Set([
  ...["id", "name", "type", "status", "user", "company", "project", "parent", "task"],
  ...["created", "started", "completed", "published", "status_changed", "last_update", "last_change"],
]);

/**
 * `order_by` (clearml-tasks-events.md 2.6): `-` = descending, the id decides among equals. Under an ascending first key
 * what is missing comes last, everywhere else where SQLite's order, like the official database's, puts it: lowest.
 */
export function orderOf(kind: Kind, body: Body): Condition {
  const names = namesIn(body["order_by"]);
  if (names.length === 0) return condition("seq");
  const isNumeric = [names[0] ?? "", ...Object.keys(body)].some((name) => NUMERIC.test(name.replace(/^-/, "")));
  const terms = names.map((name, at) => termOf(kind, name, { isFirst: at === 0, isNumeric, search: body["search_text"] }));
  const all = names.some((name) => name === "id" || name === "-id") ? terms : [...terms, condition("id")];
  return { sql: all.map(({ sql }) => sql).join(", "), values: all.flatMap(({ values }) => values) };
}

function namesIn(given: unknown): string[] {
  if (given === undefined || given === null || given === "") return [];
  const names = Array.isArray(given) ? (given as unknown[]) : [given];
  return names.map((name) => {
    if (typeof name !== "string") throw new ApiFault(500, 0, "General server error (order_by must be a string or a list of strings)");
    return name;
  });
}

interface Place {
  readonly isFirst: boolean;
  readonly isNumeric: boolean;
  readonly search: unknown;
}

function termOf(kind: Kind, name: string, { isFirst, isNumeric, search }: Place): Condition {
  if (name.replace(/^-/, "") === "@text_score") return rankTerm(kind, search);
  const isDescending = name.startsWith("-");
  const path = isDescending ? name.slice(1) : name;
  const value = orderedValue(kind, path, isDescending);
  const key = isNumeric && path !== "id" ? `numeric_key(${value})` : value;
  if (isDescending || !isFirst) return condition(`${key} ${isDescending ? "DESC" : "ASC"}`);
  return condition(mayBeEmpty(kind, path) ? `coalesce(${value}, '') = '', ${key}` : `${key} ASC NULLS LAST`);
}

function rankTerm(kind: Kind, search: unknown): Condition {
  if (typeof search !== "string" || search === "")
    throw new ApiFault(400, 16, "Invalid value for fields (text score cannot be used in order_by when search text is not used)");
  return wordsRank(kind, search);
}

/** Lists stand by their smallest element, descending by their greatest. */
function orderedValue(kind: Kind, path: string, isDescending: boolean): string {
  const sql = sqlPath(kind, path);
  return isArrayPath(kind, path) ? `(SELECT ${isDescending ? "max" : "min"}(value) FROM json_each(${sql}))` : sql;
}

const mayBeEmpty = (kind: Kind, path: string): boolean => kind.fields[partsOf(path)[0] ?? ""]?.kind === "text" && !NEVER_EMPTY.has(path);
