import { ApiFault } from "../api-fault.ts";
import { type Condition, condition, isOneOf, joined, opposite } from "./conditions.ts";
import type { Kind } from "./documents.ts";
import { isArrayPath, sqlPath } from "./paths.ts";

type Joiner = "AND" | "OR";
const OPERATORS: ReadonlyMap<unknown, Joiner> = new Map([
  ["__$and", "AND"],
  ["__$all", "AND"],
  ["__$or", "OR"],
  ["__$any", "OR"],
]);

/** What a list of values asks for: one of `any`, all of `all`, none of `none`, and with `empty` also nothing at all. */
interface Buckets {
  readonly any: string[];
  readonly all: string[];
  readonly none: string[];
  joiner: Joiner;
  empty: boolean;
}

/** A list of values with the operators of clearml-tasks-events.md 2.2. Undefined: no condition. */
export function listFilter(kind: Kind, path: string, values: readonly unknown[]): Condition | undefined {
  const { any, all, none, joiner, empty } = bucketsOf(path, values);
  const tests: Condition[] = [];
  if (any.length > 0) tests.push(holdsAny(kind, path, any));
  if (all.length > 0) tests.push(holdsAll(kind, path, all));
  if (none.length > 0) tests.push(opposite(holdsAny(kind, path, none)));
  const found = tests.length === 0 ? undefined : joined(tests, joiner);
  if (!empty) return found;
  return found === undefined ? isEmpty(kind, path) : joined([found, isEmpty(kind, path)], "OR");
}

function bucketsOf(field: string, values: readonly unknown[]): Buckets {
  const buckets: Buckets = { any: [], all: [], none: [], joiner: "AND", empty: false };
  let [context, isLegacy, isNegated]: [Joiner, boolean, boolean] = ["OR", true, false];
  let joiner: Joiner | undefined;
  for (const value of values) {
    const operator = OPERATORS.get(value);
    if (isNegated && typeof value === "string" && value.startsWith("__$"))
      throw badFilter("Value is expected after", { field, operator: "__$not" });
    if (operator !== undefined) [context, isLegacy, joiner] = [operator, false, joiner ?? operator];
    else if (value === "__$nop") [context, isLegacy, joiner] = ["OR", true, joiner ?? "AND"];
    else if (value === "__$not") isNegated = true;
    else {
      const [place, text] = placeOf(field, value, isLegacy, isNegated);
      if (place === "empty") buckets.empty = true;
      else buckets[place ?? (context === "AND" ? "all" : "any")].push(text);
      [joiner, isNegated] = [joiner ?? "AND", false];
    }
  }
  if (isNegated) throw badFilter("Value is expected after", { operator: "__$not" });
  return { ...buckets, joiner: joiner ?? "AND" };
}

/** Where one value belongs; undefined: where the context says. */
function placeOf(field: string, value: unknown, isLegacy: boolean, isNegated: boolean): ["none" | "empty" | undefined, string] {
  if (value === null) return ["empty", ""];
  if (typeof value !== "string") throw badFilter("invalid value type, string expected", { field, value });
  if (value.startsWith("__$")) throw badFilter("Unsupported operator", { field, operator: value });
  if (!isLegacy || !value.startsWith("-")) return [isNegated ? "none" : undefined, value];
  if (value === "-") throw badFilter("Missing value after the exclude prefix -", { field, value });
  return ["none", value.slice(1)];
}

const badFilter = (reason: string, details: Record<string, unknown>): ApiFault =>
  new ApiFault(400, 16, `Invalid value for fields (${reason})`, details);

export function holdsAny(kind: Kind, path: string, values: readonly unknown[]): Condition {
  const sql = sqlPath(kind, path);
  if (!isArrayPath(kind, path)) return isOneOf(sql, values);
  const inside = isOneOf("value", values);
  return condition(`EXISTS (SELECT 1 FROM json_each(${sql}) WHERE ${inside.sql})`, ...inside.values);
}

/** A plain field holds one value: all of two different ones it never has. */
export function holdsAll(kind: Kind, path: string, values: readonly unknown[]): Condition {
  const wanted = JSON.stringify([...new Set(values)]);
  const held = isArrayPath(kind, path) ? `(SELECT value FROM json_each(${sqlPath(kind, path)}))` : `(${sqlPath(kind, path)})`;
  if (values.length === 1) return holdsAny(kind, path, values);
  return condition(`NOT EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE wanted.value NOT IN ${held})`, wanted);
}

/** Missing, null or `[]`. */
function isEmpty(kind: Kind, path: string): Condition {
  const sql = sqlPath(kind, path);
  return condition(isArrayPath(kind, path) ? `${sql} IS NULL OR json_array_length(${sql}) = 0` : `${sql} IS NULL`);
}
