import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import { strOf } from "../contract/python-text.ts";
import { type Condition, condition, joined, NEVER, opposite } from "./conditions.ts";
import type { Kind } from "./documents.ts";
import { holdsAll, holdsAny } from "./list-filter.ts";
import { isArrayPath, sqlPath } from "./paths.ts";

/**
 * `filters: {field: {any: {include, exclude}, all: {include, exclude}, op}}` (clearml-tasks-events.md 2.3). Undefined: no
 * condition. `any.exclude` means "not all of these", `all.exclude` "none of these".
 */
export function includeFilter(kind: Kind, field: string, given: unknown): Condition | undefined {
  if (!isMap(given))
    throw new ApiFault(400, 12, "Validation error (invalid filter for field, dictionary expected)", { field, value: strOf(given) });
  const { any, all, op } = checked(field, given);
  const sides = [sideOf(anyTests(kind, field, any), "OR"), sideOf(allTests(kind, field, all), "AND")].filter((side) => side !== undefined);
  return sides.length === 0 ? undefined : joined(sides, op);
}

interface Side {
  readonly include: readonly unknown[];
  readonly exclude: readonly unknown[];
}

const EMPTY: Side = { include: [], exclude: [] };

function checked(field: string, given: Record<string, unknown>): { any: Side; all: Side; op: "AND" | "OR" } {
  const bad = new ApiFault(400, 12, "Validation error", { field, value: strOf(given) });
  const { any, all, op = "and", ...unknown } = given;
  if (Object.keys(unknown).length > 0 || (op !== null && op !== "and" && op !== "or")) throw bad;
  const side = (value: unknown): Side => {
    if (value === undefined || value === null) return EMPTY;
    if (!isMap(value) || Object.keys(value).some((key) => key !== "include" && key !== "exclude")) throw bad;
    return { include: listIn(value["include"], bad), exclude: listIn(value["exclude"], bad) };
  };
  return { any: side(any), all: side(all), op: op === "or" ? "OR" : "AND" };
}

function listIn(value: unknown, bad: ApiFault): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad;
  return value;
}

const sideOf = (tests: readonly Condition[], operator: "AND" | "OR"): Condition | undefined =>
  tests.length === 0 ? undefined : joined(tests, operator);

const present = (values: readonly unknown[]): unknown[] => values.filter((value) => value !== null);

function anyTests(kind: Kind, field: string, { include, exclude }: Side): Condition[] {
  const [wanted, unwanted] = [present(include), present(exclude)];
  return [
    ...(wanted.length === 0 ? [] : [holdsAny(kind, field, wanted)]),
    ...(unwanted.length === 0 ? [] : [opposite(holdsAll(kind, field, unwanted))]),
    ...emptyTests(kind, field, { include, exclude }),
  ];
}

function allTests(kind: Kind, field: string, { include, exclude }: Side): Condition[] {
  const [wanted, unwanted] = [present(include), present(exclude)];
  return [
    ...(wanted.length === 0 ? [] : [holdsAll(kind, field, wanted)]),
    ...(unwanted.length === 0 ? [] : [opposite(holdsAny(kind, field, unwanted))]),
    ...emptyTests(kind, field, { include, exclude }),
  ];
}

/** null stands for the empty list; a plain field never is one. */
function emptyTests(kind: Kind, field: string, { include, exclude }: Side): Condition[] {
  const empty = isArrayPath(kind, field) ? condition(`coalesce(json_array_length(${sqlPath(kind, field)}), 0) = 0`) : NEVER;
  return [...(include.includes(null) ? [empty] : []), ...(exclude.includes(null) ? [opposite(empty)] : [])];
}
