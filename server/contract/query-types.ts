import { ApiFault } from "../api-fault.ts";
import type { Body } from "../endpoint.ts";
import { typeNameOf } from "./python-text.ts";

/**
 * The query calls do not look at types: a wrong one ends inside the official server's query, with Python's own words as 500/0
 * (clearml-services.md 1.1, clearml-tasks-events.md 1). Said here, so that no query meets them.
 */
export const isQuery = (name: string): boolean =>
  /^(?!workers\.).*\.(?:get_all|get_all_ex|get_by_id_ex)$|^reports\.get_task_data$/.test(name);

interface Guard {
  readonly field: string;
  accepts(value: unknown): boolean;
  words(value: unknown): string;
}

const isNumber = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean";
const isText = (value: unknown): boolean => typeof value === "string";
const notComparable = (value: unknown): string => `'<' not supported between instances of '${typeNameOf(value)}' and 'int'`;

const GUARDS: readonly Guard[] = [
  { field: "page", accepts: isNumber, words: notComparable },
  { field: "page_size", accepts: isNumber, words: notComparable },
  {
    field: "order_by",
    accepts: (value) => isText(value) || Array.isArray(value),
    words: (value) => `'${typeNameOf(value)}' object is not iterable`,
  },
];

export function checkQuery(name: string, body: Body): Body {
  if (!isQuery(name)) return body;
  for (const { field, accepts, words } of GUARDS) {
    const value = body[field];
    if (value !== undefined && value !== null && !accepts(value)) throw new ApiFault(500, 0, words(value));
  }
  return body;
}
