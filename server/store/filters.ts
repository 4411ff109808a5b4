import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import { regexpOf, type SqlValue } from "./database.ts";
import type { Kind } from "./documents.ts";
import { isArrayPath, sqlPath } from "./paths.ts";

/** A condition with its values, in order. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const condition = (sql: string, ...values: readonly SqlValue[]): Condition => ({ sql, values });

export function joined(conditions: readonly Condition[], operator: "AND" | "OR"): Condition {
  const sql = conditions.map((one) => `(${one.sql})`).join(` ${operator} `);
  return { sql, values: conditions.flatMap((one) => one.values) };
}

type Operator = "AND" | "OR";
const OPERATORS: Readonly<Record<string, Operator>> = { __$and: "AND", __$all: "AND", __$or: "OR", __$any: "OR" };

/** A list of values with the operators of clearml-api.md 4.4: any of them by default, `__$all`, `__$not`, legacy `-x`. */
export function listFilter(kind: Kind, path: string, values: readonly unknown[]): Condition | undefined {
  const groups = { any: [] as unknown[], all: [] as unknown[], none: [] as unknown[] };
  let context: Operator | undefined;
  let global: Operator | undefined;
  let negated = false;
  for (const value of values) {
    if (value === "__$not") negated = true;
    else if (value === "__$nop") context = undefined;
    else if (typeof value === "string" && OPERATORS[value] !== undefined) {
      context = OPERATORS[value];
      global ??= context;
    } else if (typeof value === "string" && value.startsWith("__$")) throw badFilter(path, value);
    else {
      const legacy = global === undefined && !negated && typeof value === "string" && value.startsWith("-");
      if (negated) groups.none.push(value);
      else if (legacy) groups.none.push((value as string).slice(1));
      else (context === "AND" ? groups.all : groups.any).push(value);
      negated = false;
    }
  }
  if (negated) throw badFilter(path, "__$not");
  return groupsFilter(kind, path, groups, global ?? "AND");
}

const badFilter = (field: string, value: string): ApiFault =>
  new ApiFault(400, 16, "Fields value error (bad operator in list)", { field, value });

interface Groups {
  readonly any: readonly unknown[];
  readonly all: readonly unknown[];
  readonly none: readonly unknown[];
}

function groupsFilter(kind: Kind, path: string, groups: Groups, operator: Operator): Condition | undefined {
  const conditions: Condition[] = [];
  if (groups.any.length > 0) conditions.push(holdsAny(kind, path, groups.any));
  if (groups.all.length > 0)
    conditions.push(
      joined(
        groups.all.map((value) => holdsAny(kind, path, [value])),
        "AND",
      ),
    );
  if (groups.none.length > 0) {
    const some = holdsAny(kind, path, groups.none);
    conditions.push(condition(`NOT coalesce(${some.sql}, 0)`, ...some.values));
  }
  return conditions.length === 0 ? undefined : joined(conditions, operator);
}

/** `null` among the values matches a missing or empty field. */
function holdsAny(kind: Kind, path: string, values: readonly unknown[]): Condition {
  const sql = sqlPath(kind, path);
  const given = values.filter((value) => value !== null).map(sqlValue);
  const marks = given.map(() => "?").join(", ");
  const conditions: Condition[] = [];
  if (values.length > given.length) conditions.push(condition(`${sql} IS NULL OR ${sql} IN ('[]', '{}', '')`));
  if (given.length > 0 && isArrayPath(kind, path)) {
    conditions.push(condition(`EXISTS (SELECT 1 FROM json_each(${sql}) WHERE json_each.value IN (${marks}))`, ...given));
  } else if (given.length > 0) conditions.push(condition(`${sql} IN (${marks})`, ...given));
  return joined(conditions, "OR");
}

export function sqlValue(value: unknown): SqlValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);
}

export function patternFilter(kind: Kind, path: string, pattern: unknown, insensitive = false): Condition {
  if (typeof pattern !== "string") throw new ApiFault(400, 12, `Validation error (field ${path} must be a string)`);
  try {
    regexpOf(pattern);
  } catch {
    throw new ApiFault(400, 21, "Invalid regular expression", { field: path, pattern });
  }
  return condition(`regexp(?, ${sqlPath(kind, path)})`, insensitive ? `(?i)${pattern}` : pattern);
}

/** Exactly two entries, either may be null, inclusive; a null minimum also matches missing values. */
export function rangeFilter(kind: Kind, path: string, range: unknown): Condition | undefined {
  if (!Array.isArray(range) || range.length !== 2)
    throw new ApiFault(400, 12, `Validation error (field ${path} must be a range of two values)`);
  const sql = sqlPath(kind, path);
  const [from, to] = range as unknown[];
  const conditions: Condition[] = [];
  if (from !== null && from !== undefined) conditions.push(condition(`${sql} >= ?`, comparable(from)));
  if (to !== null && to !== undefined)
    conditions.push(condition(from === null ? `${sql} IS NULL OR ${sql} <= ?` : `${sql} <= ?`, comparable(to)));
  return conditions.length === 0 ? undefined : joined(conditions, "AND");
}

const DATE_TEST = /^(>=|<=|>|<)?\s*(.+)$/s;

/** One or several dates, each with a prefix `>`, `>=`, `<`, `<=`, or none (equality); two without a prefix are a range. */
export function dateFilter(kind: Kind, path: string, given: unknown): Condition | undefined {
  const values = Array.isArray(given) ? given : [given];
  if (values.length === 2 && values.every((value) => value === null || !/^[<>]/.test(String(value))))
    return rangeFilter(kind, path, values);
  const sql = sqlPath(kind, path);
  const tests = values.map((value) => {
    const [, operator = "=", date = ""] = DATE_TEST.exec(String(value)) ?? [];
    return condition(`${sql} ${operator} ?`, comparable(date));
  });
  return tests.length === 0 ? undefined : joined(tests, "AND");
}

/** Dates in any usual form become the one that is stored; numbers stay numbers. */
function comparable(value: unknown): SqlValue {
  if (typeof value !== "string") return sqlValue(value);
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value.replace(" ", "T")}Z`);
  return Number.isNaN(ms) ? value : `${new Date(ms).toISOString().slice(0, -1)}000+00:00`;
}

/** `_any_`/`_all_`: a pattern (case-insensitive) or a date on any or all of several fields. */
export function multiFilter(kind: Kind, given: unknown, operator: Operator): Condition | undefined {
  if (!isMap(given)) return undefined;
  const { fields, pattern, datetime } = given;
  if (!Array.isArray(fields) || fields.length === 0) return undefined;
  if ((pattern === undefined) === (datetime === undefined)) throw new ApiFault(400, 12, "Validation error (one of pattern and datetime)");
  const tests = fields
    .map((field) => (pattern === undefined ? dateFilter(kind, String(field), datetime) : patternFilter(kind, String(field), pattern, true)))
    .filter((test) => test !== undefined);
  return tests.length === 0 ? undefined : joined(tests, operator);
}

/** The newer form: `{any: {include, exclude}, all: {include, exclude}, op}`. */
export function includeFilter(kind: Kind, path: string, given: unknown): Condition | undefined {
  if (!isMap(given)) return undefined;
  const parts: Condition[] = [];
  for (const name of ["any", "all"] as const) {
    const { include, exclude } = isMap(given[name]) ? given[name] : {};
    const values = [...asArray(include), ...asArray(exclude).flatMap((value) => ["__$not", value])];
    const test = values.length === 0 ? undefined : listFilter(kind, path, name === "all" ? ["__$all", ...values] : values);
    if (test !== undefined) parts.push(test);
  }
  return parts.length === 0 ? undefined : joined(parts, given["op"] === "or" ? "OR" : "AND");
}

const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
