import { ApiFault } from "../api-fault.ts";
import type { Body } from "../endpoint.ts";
import { type Condition, condition } from "./conditions.ts";
import type { Kind } from "./documents.ts";
import { isArrayPath, partsOf, sqlPath } from "./paths.ts";
import { rankedSource } from "./words.ts";

const NUMERIC = /^(hyperparams|last_metrics|execution\.parameters|metadata)\./;
/** Fields in which no empty text is ever stored: their indexes give the order. */
const NEVER_EMPTY: ReadonlySet<string> = new Set([
  ...["id", "name", "type", "status", "user", "company", "project", "parent", "task"],
  ...["created", "started", "completed", "published", "status_changed", "last_update", "last_change"],
]);

export interface Order extends Condition {
  /** The table, or what it is joined with for the order. */
  readonly source: Condition;
}

/**
 * `order_by` (clearml-tasks-events.md 2.6): `-` = descending, the id decides among equals. Under an ascending first key
 * what is missing comes last, everywhere else where SQLite's order, like the official database's, puts it: lowest.
 */
export function orderOf(kind: Kind, body: Body): Order {
  const names = namesIn(body["order_by"]);
  const source = condition(kind.table);
  if (names.length === 0) return { ...condition("seq"), source };
  const isNumeric = [names[0] ?? "", ...Object.keys(body)].some((name) => NUMERIC.test(name.replace(/^-/, "")));
  const ranked = names.some(isRank) ? rankedSource(kind, searchIn(body)) : undefined;
  const terms = names.map((name, at) =>
    isRank(name) ? (ranked === undefined ? "seq" : "score") : termOf(kind, name, { isFirst: at === 0, isNumeric }),
  );
  const all = names.some((name) => name === "id" || name === "-id") ? terms : [...terms, "id"];
  return { ...condition(all.join(", ")), source: ranked ?? source };
}

const isRank = (name: string): boolean => name.replace(/^-/, "") === "@text_score";

function searchIn(body: Body): string {
  const search = body["search_text"];
  if (typeof search === "string" && search !== "") return search;
  throw new ApiFault(400, 16, "Invalid value for fields (text score cannot be used in order_by when search text is not used)");
}

function namesIn(given: unknown): string[] {
  if (given === undefined || given === null || given === "") return [];
  const names = Array.isArray(given) ? (given as unknown[]) : [given];
  return names.map((name) => {
    if (typeof name !== "string") throw new ApiFault(500, 0, "General server error (order_by must be a string or a list of strings)");
    return name;
  });
}

function termOf(kind: Kind, name: string, { isFirst, isNumeric }: { isFirst: boolean; isNumeric: boolean }): string {
  const isDescending = name.startsWith("-");
  const path = isDescending ? name.slice(1) : name;
  const value = orderedValue(kind, path, isDescending);
  const key = isNumeric && path !== "id" ? `numeric_key(${value})` : value;
  if (isDescending || !isFirst) return `${key} ${isDescending ? "DESC" : "ASC"}`;
  return mayBeEmpty(kind, path) ? `coalesce(${value}, '') = '', ${key}` : `${key} ASC NULLS LAST`;
}

/** Lists stand by their smallest element, descending by their greatest. */
function orderedValue(kind: Kind, path: string, isDescending: boolean): string {
  const sql = sqlPath(kind, path);
  return isArrayPath(kind, path) ? `(SELECT ${isDescending ? "max" : "min"}(value) FROM json_each(${sql}))` : sql;
}

const mayBeEmpty = (kind: Kind, path: string): boolean => kind.fields[partsOf(path)[0] ?? ""]?.kind === "text" && !NEVER_EMPTY.has(path);
