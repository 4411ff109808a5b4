import { WindlassError } from "../base/errors.ts";
import type { ParameterItem, ParameterSections } from "./data.ts";
import { itemOf } from "./parameters/items.ts";
import { castLike } from "./parameters/text-forms.ts";

/** The section of a task that runs one function of its program, and the item that says which (task-class.md B12). */
export const FUNCTION_SECTION = "Function";
const MARKER = "__func_readonly__";

/** Which function of the program a task runs; undefined: the whole program. */
export const functionOf = (sections: ParameterSections): string | undefined => sections[FUNCTION_SECTION]?.[MARKER]?.value;

/** What is stored for a call. Throws for parameters that are no plain values. */
export function itemsOfCall(name: string, parameters: Readonly<Record<string, unknown>>): ParameterItem[] {
  for (const [key, value] of Object.entries(parameters))
    if (typeof value === "function" || typeof value === "symbol")
      throw new WindlassError(`the parameter ${key} of ${name} is no plain value`, { code: "bad-options" });
  return [...Object.entries({ ...parameters, [MARKER]: name })].map(([key, value]) => itemOf(FUNCTION_SECTION, key, value));
}

/** The parameters of the call as the task has them now, cast to what the program gives. */
export function parametersOfCall<T extends object>(sections: ParameterSections, given: T): T {
  const stored = sections[FUNCTION_SECTION] ?? {};
  const entries = Object.entries(given).map(([key, local]) => {
    const item = stored[key];
    return [key, item === undefined ? local : (castLike(item.value, local, item.type) ?? local)];
  });
  return Object.fromEntries(entries) as T;
}
