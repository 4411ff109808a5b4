import { ApiFault } from "../api-fault.ts";
import type { Kind } from "./documents.ts";

/** Fields of a hyper-parameter or configuration item; whatever stands between section and field is the name, dots and all. */
const ITEM_FIELDS = new Set(["value", "type", "description", "name", "section"]);
const ARRAYS_INSIDE = new Set(["models.input.model", "models.output.model"]);

/** A dotted path in parts: names of hyper-parameters and configurations may themselves contain dots. */
export function partsOf(path: string): string[] {
  const parts = path.replace(/\.\*$/, "").split(".");
  const [first = ""] = parts;
  const fixed = first === "hyperparams" ? 2 : first === "configuration" || first === "metadata" ? 1 : undefined;
  if (fixed === undefined || parts.length <= fixed + 1) return parts;
  const field = ITEM_FIELDS.has(parts.at(-1) ?? "") ? parts.slice(-1) : [];
  const name = parts.slice(fixed, parts.length - field.length).join(".");
  return [...parts.slice(0, fixed), name, ...field];
}

/** The SQL expression of a dotted path; 400/14 when the first element is no field of this kind of document. */
export function sqlPath(kind: Kind, path: string): string {
  const [first = "", ...rest] = partsOf(path);
  if (kind.fields[first] === undefined) throw new ApiFault(400, 14, "Invalid fields", { field: first });
  if (ARRAYS_INSIDE.has(path)) {
    const [side = ""] = rest;
    return `(SELECT json_group_array(json_extract(value, '$.model')) FROM json_each(${first}, '$.${side}'))`;
  }
  if (rest.length === 0) return first;
  const inside = rest.map((part) => `."${JSON.stringify(part).slice(1, -1)}"`).join("");
  return `json_extract(${first}, '${`$${inside}`.replaceAll("'", "''")}')`;
}

export function isArrayPath(kind: Kind, path: string): boolean {
  return kind.fields[path]?.empty === "[]" || ARRAYS_INSIDE.has(path);
}
