import { ApiFault } from "../api-fault.ts";
import type { Kind } from "./documents.ts";

/** What a path below one of these is called, how many parts it may have, and how a wrong one is refused (clearml-tasks-events.md 2.1). */
const MAPS: ReadonlyMap<string, { readonly most: number; readonly refusal: string }> = new Map([
  ["hyperparams", { most: 4, refusal: "invalid task field" }],
  ["configuration", { most: 4, refusal: "invalid task field" }],
  ["metadata", { most: 3, refusal: "invalid field" }],
]);
const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ["execution.parameters", "hyperparams.Args"],
  ["execution.model_desc", "configuration"],
  ["execution.docker_cmd", "container"],
]);

/** A dotted path in parts, by today's names; dots inside the names of parameters, configurations and metadata are sent as `%2E`. */
export function partsOf(path: string): string[] {
  const current = currentName(path);
  const parts = current.split(".");
  const limits = MAPS.get(parts[0] ?? "");
  if (limits === undefined || parts.length === 1) return parts;
  if (parts.length > limits.most) throw new ApiFault(400, 12, `Validation error (${limits.refusal})`, { path });
  return parts.map((part) => part.replace(/%([2-7][\dA-Fa-f])/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))));
}

function currentName(path: string): string {
  const wide = path.replace(/\.\*$/, "");
  const old = /^execution\.[a-z_]+/.exec(wide)?.[0];
  const name = old === undefined ? undefined : OLD_NAMES.get(old);
  return old === undefined || name === undefined || (wide[old.length] ?? ".") !== "." ? wide : name + wide.slice(old.length);
}

/** A name that leads nowhere, in the official server's words. */
export const noSuchField = (name: string): ApiFault =>
  new ApiFault(400, 14, "Lookup error (probably an invalid field name or unsupported nested field)", {
    err: `Cannot resolve field "${name}"`,
  });

/** The parts of a path that there is: its first element is a field, and what is asked of a sub-document with fixed names is one of them. */
export function knownParts(kind: Kind, path: string): string[] {
  const parts = partsOf(path);
  const unknown = unknownPart(kind, parts);
  if (unknown !== undefined) throw noSuchField(unknown);
  return parts;
}

export function unknownPart(kind: Kind, [first = "", ...rest]: readonly string[]): string | undefined {
  const field = kind.fields[first];
  if (field === undefined) return first;
  const [second] = rest;
  if (second === undefined || (field.kind === "json" && field.empty === "{}" && field.inside === undefined)) return undefined;
  return field.inside?.includes(second) ? undefined : second;
}

/** The SQL expression of a dotted path; 400/14 when it leads nowhere. */
export function sqlPath(kind: Kind, path: string): string {
  const parts = knownParts(kind, path);
  const [first = "", second = "", ...inside] = parts;
  if (parts.length === 1) return first;
  if (!isListInside(kind, first) || inside.length === 0) return `json_extract(${first}, ${jsonPath(parts.slice(1))})`;
  return `(SELECT json_group_array(json_extract(value, ${jsonPath(inside)})) FROM json_each(${first}, ${jsonPath([second])}) WHERE type = 'object')`;
}

/** Where a value lies in a JSON text, as an SQL literal. */
export function jsonPath(parts: readonly string[]): string {
  const inside = parts.map((part) => `."${JSON.stringify(part).slice(1, -1)}"`).join("");
  return `'${`$${inside}`.replaceAll("'", "''")}'`;
}

/** Whether the path leads to a list of values, of which each is looked at. */
export function isArrayPath(kind: Kind, path: string): boolean {
  const [first = "", ...rest] = partsOf(path);
  return (kind.fields[first]?.empty === "[]" && rest.length === 0) || isListInside(kind, first);
}

const isListInside = (kind: Kind, first: string): boolean => kind.fields[first]?.holdsLists === true;
