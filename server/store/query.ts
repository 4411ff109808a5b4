import { codeOf, messageOf } from "../../base/errors.ts";
import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body } from "../endpoint.ts";
import { type Condition, condition, joined, opposite } from "./conditions.ts";
import type { Database } from "./database.ts";
import { columnsOf, type Document, documentOf, type Kind } from "./documents.ts";
import { dateFilter, equalFilter, multiFilter, patternFilter, rangeFilter } from "./filters.ts";
import { includeFilter } from "./include-filter.ts";
import { listFilter } from "./list-filter.ts";
import { orderOf } from "./order.ts";
import { type Projection, pathsIn, projectionOf } from "./projection.ts";
import { windowOf } from "./window.ts";
import { wordsFilter } from "./words.ts";

/** Which request fields filter a kind of document, and how (clearml-api.md 4.3). A name that ends with `.` is a prefix. */
export interface FilterTable {
  readonly lists: readonly string[];
  readonly patterns: readonly string[];
  readonly ranges: readonly string[];
  readonly dates: readonly string[];
  readonly equals: readonly string[];
}

export interface QueryResult {
  readonly documents: Document[];
  readonly scrollId?: string | undefined;
}

/** `get_all` in the grammar of clearml-tasks-events.md 2: filters, order, page or scroll, projection. */
export function queryDocuments(
  db: Database,
  kind: Kind,
  filters: FilterTable,
  body: Body,
  extra: readonly Condition[] = [],
  projection: Projection = projectionOf(kind, pathsIn(body)),
): QueryResult {
  const where = joined([...conditionsOf(kind, filters, body), ...extra], "AND");
  const [order, window] = [orderOf(kind, body), windowOf(body)];
  const rows = carriedOut(() =>
    db.all(
      `SELECT ${columnsOf(kind, projection.fields)} FROM ${order.source.sql} ${whereOf(where)} ORDER BY ${order.sql} LIMIT ${window.limit} OFFSET ${window.offset}`,
      ...order.source.values,
      ...where.values,
    ),
  );
  return { documents: rows.map((row) => projection.apply(documentOf(kind, row))), scrollId: window.advance?.(rows.length) };
}

/** How many documents the filters of a request match; `limit` at most. */
export function countDocuments(
  db: Database,
  kind: Kind,
  filters: FilterTable,
  body: Body,
  extra: readonly Condition[] = [],
  limit = Number.MAX_SAFE_INTEGER,
): number {
  const where = joined([...conditionsOf(kind, filters, body), ...extra], "AND");
  const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM ${kind.table} ${whereOf(where)} LIMIT ${limit})`;
  return carriedOut(() => db.get<{ n: number }>(sql, ...where.values))?.n ?? 0;
}

const whereOf = ({ sql }: Condition): string => (sql === "" ? "" : `WHERE ${sql}`);

/** What SQLite refuses of a query that a caller composed (too deep, too many terms) is the caller's mistake, not a failure. */
function carriedOut<T>(query: () => T): T {
  try {
    return query();
  } catch (error) {
    if (codeOf(error) !== "SQLITE_ERROR") throw error;
    throw new ApiFault(400, 12, `Validation error (the query cannot be carried out: ${messageOf(error)})`);
  }
}

const MULTI = ["_any_", "_or_", "_all_", "_and_"];

/** The conditions of a request, all of which must hold, in the order in which a bad one is refused (clearml-tasks-events.md 2.1). */
export function conditionsOf(kind: Kind, filters: FilterTable, body: Body): Condition[] {
  const newer = newerFilters(body);
  const given = Object.entries(body).filter(([name, value]) => value !== null && value !== undefined && !Object.hasOwn(newer, name));
  const named = (names: readonly string[], make: (name: string, value: unknown) => Condition | undefined): (Condition | undefined)[] =>
    given.filter(([name]) => isOne(names, name)).map(([name, value]) => make(name, value));
  const found = [
    ...named(filters.patterns, (name, value) => patternFilter(kind, name, value)),
    ...Object.entries(newer).map(([name, value]) => (isOne(filters.lists, name) ? includeFilter(kind, name, value) : undefined)),
    ...named(filters.lists, (name, value) => listFilter(kind, name, Array.isArray(value) ? value : [value])),
    ...named(filters.ranges, (name, value) => rangeFilter(kind, name, value)),
    ...named(filters.equals, (name, value) => equalFilter(kind, name, value)),
    ...named(filters.dates, (name, value) => dateFilter(kind, name, value)),
    ...named(MULTI, (name, value) => multiFilter(kind, name, value, filters.dates)),
    searchFilter(kind, body["search_text"]),
    hiddenFilter(kind, body),
  ];
  return found.filter((test) => test !== undefined);
}

function newerFilters(body: Body): Record<string, unknown> {
  const filters = body["filters"] ?? {};
  if (!isMap(filters)) throw new ApiFault(400, 16, "Invalid value for fields (invalid filters, dictionary expected)", { field: "filters" });
  return filters;
}

function isOne(names: readonly string[], name: string): boolean {
  return names.some((candidate) => (candidate.endsWith(".") ? name.startsWith(candidate) && name !== candidate : candidate === name));
}

function searchFilter(kind: Kind, search: unknown): Condition | undefined {
  return typeof search === "string" && search !== "" ? wordsFilter(kind, search) : undefined;
}

const HIDDEN_TAGS: ReadonlyMap<string, string> = new Map([
  ["tasks", "hidden"],
  ["projects", "hidden"],
  ["queues", "k8s-glue"],
]);

/** Hidden documents are shown when asked for, or when asked for by id, queues also by name (clearml-services.md 1.4, 12). */
function hiddenFilter(kind: Kind, body: Body): Condition | undefined {
  const tag = HIDDEN_TAGS.get(kind.table);
  if (tag === undefined || body["search_hidden"] || isGiven(body["id"])) return undefined;
  if (kind.table === "queues" && isGiven(body["name"])) return undefined;
  return opposite(hasTag("system_tags", tag));
}

/** The text is looked at first: most documents have no such tag, and reading JSON costs more than the rest of a query. */
export function hasTag(column: string, tag: string): Condition {
  return condition(`instr(${column}, ?) > 0 AND EXISTS (SELECT 1 FROM json_each(${column}) WHERE value = ?)`, JSON.stringify(tag), tag);
}

const isGiven = (value: unknown): boolean => Boolean(value) && !(Array.isArray(value) && value.length === 0);
