import { messageOf } from "../../base/errors.ts";
import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import { typeNameOf } from "../contract/python-text.ts";
import { type Condition, condition, joined, NEVER } from "./conditions.ts";
import type { SqlValue } from "./database.ts";
import { storedDate } from "./dates.ts";
import type { Kind } from "./documents.ts";
import { isArrayPath, jsonPath, knownParts, partsOf, sqlPath } from "./paths.ts";
import { complaintOf } from "./pattern-complaint.ts";
import { compiled, literalOf } from "./patterns.ts";

export type { Condition } from "./conditions.ts";

/** A regular expression that is searched for (clearml-tasks-events.md 2.4); the empty one is no condition. An exact name is found by index. */
export function patternFilter(kind: Kind, path: string, pattern: unknown): Condition | undefined {
  if (pattern === "") return undefined;
  const literal = literalOf(checkedPattern(pattern));
  const sql = sqlPath(kind, path);
  return literal === undefined ? condition(`regexp(?, ${sql})`, pattern as string) : condition(`${sql} = ?`, literal);
}

function checkedPattern(pattern: unknown): string {
  if (typeof pattern === "object") throw new ApiFault(500, 0, `unhashable type: '${typeNameOf(pattern)}'`);
  if (typeof pattern !== "string") throw new ApiFault(500, 0, "first argument must be string or compiled pattern");
  try {
    compiled(pattern);
  } catch (error) {
    throw new ApiFault(400, 21, "Malformed regular expression", { err: complaintOf(pattern) ?? messageOf(error), extra_info: null });
  }
  return pattern;
}

/** Exactly two entries, either may be null, inclusive; a null minimum also takes what is missing (clearml-tasks-events.md 2.5). */
export function rangeFilter(kind: Kind, path: string, range: unknown): Condition | undefined {
  if (!Array.isArray(range) || range.length !== 2) throw badRange("Min and max values should be specified", path);
  const [from, to] = (range as unknown[]).map((value) => (value === undefined ? null : value));
  if (from === null && to === null) throw badRange("At least one of min or max values should be provided", path);
  const sql = sqlPath(kind, path);
  const [least, most] = [comparable(kind, path, from), comparable(kind, path, to)];
  const upper = `${sql} <= ?`;
  const tests = [
    ...(from === null ? [] : [least === undefined ? NEVER : condition(`${sql} >= ?`, least)]),
    ...(to === null ? [] : [most === undefined ? NEVER : condition(from === null ? `${sql} IS NULL OR ${upper}` : upper, most)]),
  ];
  return joined(tests, "AND");
}

const badRange = (reason: string, path: string): ApiFault => new ApiFault(400, 12, `Validation error (${reason} for range field ${path})`);

/** A bound in the form in which the field is stored; undefined when no stored value could compare with it. */
function comparable(kind: Kind, path: string, value: unknown): SqlValue | undefined {
  const kindOfField = kind.fields[partsOf(path)[0] ?? ""]?.kind;
  if (kindOfField === "text") return storedDate(value);
  if (typeof value === "number") return value;
  const number = kindOfField === "json" && typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? undefined : number;
}

const SIGNED_DATE = /^(>=|<=|>|<)?\s*(.+)$/s;

/**
 * One or several dates, each with a sign `>`, `>=`, `<`, `<=`, or none (equality); two without a sign are a range
 * (clearml-tasks-events.md 2.5). What is no date is dropped, and of two with the same sign the later one counts.
 */
export function dateFilter(kind: Kind, path: string, given: unknown): Condition | undefined {
  const values = Array.isArray(given) ? (given as unknown[]) : [given];
  if (values.length === 2 && values.every((value) => value === null || (typeof value === "string" && !/^[<>]/.test(value))))
    return rangeFilter(kind, path, values);
  const bounds = new Map<string, string>();
  for (const value of values) {
    if (typeof value !== "string")
      throw new ApiFault(400, 16, "Invalid value for fields (invalid value type, string expected)", { field: path, value });
    const [, sign = "=", text = ""] = SIGNED_DATE.exec(value) ?? [];
    const date = storedDate(text);
    if (date !== undefined) bounds.set(sign, date);
  }
  const sql = sqlPath(kind, path);
  const tests = [...bounds].map(([sign, date]) => condition(`${sql} ${sign} ?`, date));
  return tests.length === 0 ? undefined : joined(tests, "AND");
}

/** Exactly that value, of that type: 2 is not "2", and 1 not true. */
export function equalFilter(kind: Kind, path: string, value: unknown): Condition {
  const [first = "", ...rest] = knownParts(kind, path);
  if (rest.length === 0) return condition(`${first} = ?`, scalar(value));
  const type = condition(`json_type(${first}, ${jsonPath(rest)}) IN (SELECT value FROM json_each(?))`, JSON.stringify(typesOf(value)));
  return joined([type, condition(`${sqlPath(kind, path)} = ?`, scalar(value))], "AND");
}

function typesOf(value: unknown): string[] {
  if (typeof value === "boolean") return [String(value)];
  if (typeof value === "number") return ["integer", "real"];
  return [typeof value === "string" ? "text" : Array.isArray(value) ? "array" : "object"];
}

function scalar(value: unknown): SqlValue {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" || typeof value === "string" ? value : JSON.stringify(value);
}

/** `_any_`, `_all_`: a pattern, whatever its case, or dates on any or all of several fields (clearml-tasks-events.md 2.4). */
export function multiFilter(kind: Kind, name: string, given: unknown, dates: readonly string[]): Condition | undefined {
  const { fields, pattern, datetime } = isMap(given) ? given : {};
  const isWhole = isMap(given) && Object.keys(given).length === 2 && (typeof pattern === "string" || datetime !== undefined);
  if (!isWhole || !Array.isArray(fields) || !fields.every((field) => typeof field === "string"))
    throw new ApiFault(400, 16, "Invalid value for fields (failed parsing query field)", {
      error: `incorrect field format: field=${name}`,
      field: name,
    });
  const tests =
    datetime === undefined
      ? fields.map((field) => anywhere(kind, field, checkedPattern(pattern)))
      : fields.filter((field) => dates.includes(field)).map((field) => dateFilter(kind, field, datetime));
  const found = tests.filter((test) => test !== undefined);
  return found.length === 0 ? undefined : joined(found, name === "_any_" || name === "_or_" ? "OR" : "AND");
}

/** A path with `._` in it is not looked up: it may lead nowhere. */
function anywhere(kind: Kind, path: string, pattern: string): Condition {
  if (path.includes("._") && kind.fields[partsOf(path)[0] ?? ""] === undefined) return NEVER;
  const sql = sqlPath(kind, path);
  const insensitive = `(?i)${pattern}`;
  return isArrayPath(kind, path)
    ? condition(`EXISTS (SELECT 1 FROM json_each(${sql}) WHERE regexp(?, value))`, insensitive)
    : condition(`regexp(?, ${sql})`, insensitive);
}
