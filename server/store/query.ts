import { codeOf, messageOf } from "../../base/errors.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, integerOf, isMap, listOf, textListOf, textOf } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { Database } from "./database.ts";
import { columnsOf, type Document, documentOf, type Kind } from "./documents.ts";
import {
  type Condition,
  dateFilter,
  includeFilter,
  joined,
  listFilter,
  multiFilter,
  patternFilter,
  rangeFilter,
  sqlValue,
} from "./filters.ts";
import { sqlPath } from "./paths.ts";
import { textPattern } from "./patterns.ts";
import { projectionOf } from "./projection.ts";

/** Which request fields filter a kind of document, and how (clearml-api.md 4.3). A name that ends with `.` is a prefix. */
export interface FilterTable {
  readonly lists: readonly string[];
  readonly patterns: readonly string[];
  readonly ranges: readonly string[];
  readonly dates: readonly string[];
  readonly equals: readonly string[];
  /** Fields that `search_text` looks through. */
  readonly searched: readonly string[];
}

const MAX_PAGE = 500;
const MAX_PAGE_NUMBER = 2 ** 40;

export interface QueryResult {
  readonly documents: Document[];
  readonly scrollId?: string | undefined;
}

/** `get_all` in the grammar of clearml-api.md 4.4 and 4.5: filters, order, page or scroll, projection. */
export function queryDocuments(db: Database, kind: Kind, filters: FilterTable, body: Body, extra: readonly Condition[] = []): QueryResult {
  const conditions = [...conditionsOf(kind, filters, body), ...extra];
  const where = conditions.length === 0 ? undefined : joined(conditions, "AND");
  const projection = projectionOf(kind, textListOf(body, "only_fields") ?? textListOf(body, "projection"));
  const window = windowOf(body);
  const rows = carriedOut(() =>
    db.all(
      `SELECT ${columnsOf(kind, projection.fields)} FROM ${kind.table} ${where === undefined ? "" : `WHERE ${where.sql}`} ORDER BY ${orderOf(kind, body)} LIMIT ${window.limit} OFFSET ${window.offset}`,
      ...(where?.values ?? []),
    ),
  );
  const documents = rows.map((row) => projection.apply(documentOf(kind, row)));
  return { documents, scrollId: window.scrolls ? String(window.offset + documents.length) : undefined };
}

/** How many documents the filters of a request match. */
export function countDocuments(db: Database, kind: Kind, filters: FilterTable, body: Body, extra: readonly Condition[] = []): number {
  const conditions = [...conditionsOf(kind, filters, body), ...extra];
  const where = conditions.length === 0 ? undefined : joined(conditions, "AND");
  const sql = `SELECT count(*) AS n FROM ${kind.table} ${where === undefined ? "" : `WHERE ${where.sql}`}`;
  return carriedOut(() => db.get<{ n: number }>(sql, ...(where?.values ?? [])))?.n ?? 0;
}

/** What SQLite refuses of a query that a caller composed (too deep, too many terms) is the caller's mistake, not a failure. */
function carriedOut<T>(query: () => T): T {
  try {
    return query();
  } catch (error) {
    if (codeOf(error) !== "SQLITE_ERROR") throw error;
    throw new ApiFault(400, 12, `Validation error (the query cannot be carried out: ${messageOf(error)})`);
  }
}

function conditionsOf(kind: Kind, filters: FilterTable, body: Body): Condition[] {
  const newer = isMap(body["filters"]) ? body["filters"] : {};
  const found = Object.entries(body).map(([name, value]) =>
    Object.hasOwn(newer, name) ? undefined : conditionOf(kind, filters, name, value),
  );
  const included = Object.entries(newer).map(([name, value]) => includeFilter(kind, name, value));
  const multi = [
    multiFilter(kind, body["_any_"] ?? body["_or_"], "OR"),
    multiFilter(kind, body["_all_"] ?? body["_and_"], "AND"),
    searchFilter(filters, textOf(body, "search_text")),
    hiddenFilter(kind, body),
  ];
  return [...found, ...included, ...multi].filter((test) => test !== undefined);
}

/** Unknown keys are ignored, an empty list or null is no condition. */
function conditionOf(kind: Kind, filters: FilterTable, name: string, value: unknown): Condition | undefined {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  if (isOne(filters.lists, name)) return listFilter(kind, name, Array.isArray(value) ? value : [value]);
  if (isOne(filters.patterns, name)) return patternFilter(kind, name, value);
  if (isOne(filters.ranges, name)) return rangeFilter(kind, name, value);
  if (isOne(filters.dates, name)) return dateFilter(kind, name, value);
  if (isOne(filters.equals, name)) return { sql: `${sqlPath(kind, name)} = ?`, values: [sqlValue(value)] };
  return undefined;
}

function isOne(names: readonly string[], name: string): boolean {
  return names.some((candidate) => (candidate.endsWith(".") ? name.startsWith(candidate) : candidate === name));
}

function searchFilter(filters: FilterTable, search: string | undefined): Condition | undefined {
  if (search === undefined || search === "") return undefined;
  return joined(
    filters.searched.map((field) => ({ sql: `regexp(?, ${field})`, values: [textPattern(search)] })),
    "OR",
  );
}

/** Hidden documents are shown when asked for, or when asked for by id (clearml-api.md 4.4). */
function hiddenFilter(kind: Kind, body: Body): Condition | undefined {
  if (kind.fields["system_tags"] === undefined || flagOf(body, "search_hidden") || (listOf(body, "id") ?? []).length > 0) return undefined;
  if (kind.table === "queues" && textOf(body, "name") !== undefined) return undefined;
  const tag = kind.table === "queues" ? "k8s-glue" : "hidden";
  return { sql: `NOT EXISTS (SELECT 1 FROM json_each(coalesce(system_tags, '[]')) WHERE value = ?)`, values: [tag] };
}

interface Window {
  readonly limit: number;
  readonly offset: number;
  readonly scrolls: boolean;
}

/** Pages are cut at 500 without a word; a `scroll_id` (null for the first call) demands `size` (clearml-api.md 4.5). */
function windowOf(body: Body): Window {
  if ("scroll_id" in body) {
    const size = integerOf(body, "size", 1);
    if (size === undefined) throw new ApiFault(400, 12, "Validation error (size is required with scroll_id)");
    const offset = flagOf(body, "refresh_scroll") ? 0 : Number(body["scroll_id"] ?? 0);
    if (!Number.isSafeInteger(offset) || offset < 0) throw new ApiFault(400, 1104, "Invalid scroll id", { scroll_id: body["scroll_id"] });
    return { limit: Math.min(size, MAX_PAGE), offset, scrolls: true };
  }
  const size = pageSizeOf(body);
  return { limit: size, offset: (integerOf(body, "page", 0, MAX_PAGE_NUMBER) ?? 0) * size, scrolls: false };
}

function pageSizeOf(body: Body): number {
  if (body["page_size"] === null && typeof body["page"] === "number") throw new ApiFault(400, 11, "Missing required fields: page_size");
  const size = integerOf(body, "page_size", 1) ?? MAX_PAGE;
  return Math.min(size, MAX_PAGE);
}

const NUMERIC = /^(hyperparams|last_metrics|execution\.parameters)\./;

/** `-` = descending; missing values come last when ascending; insertion order when nothing is said. */
function orderOf(kind: Kind, body: Body): string {
  const asked = (textListOf(body, "order_by") ?? []).filter((name) => !name.includes("@text_score"));
  const terms = asked.map((name) => {
    const descending = name.startsWith("-");
    const sql = sqlPath(kind, descending ? name.slice(1) : name);
    const value = NUMERIC.test(name.replace(/^-/, "")) ? `CAST(${sql} AS REAL)` : sql;
    return `${value} ${descending ? "DESC" : "ASC"} NULLS LAST`;
  });
  return [...terms, terms.length === 0 ? "seq" : "id"].join(", ");
}
