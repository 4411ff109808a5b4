import { createRequire } from "node:module";

/**
 * How values stand in a task: the texts and type names of the official SDK (task-class.md B5), so that a Python program reads what
 * TypeScript wrote and the other way round. JavaScript has one kind of number: `1.0` is `1`, and only what is not whole is a float.
 */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? spacedJson(value) : String(value);
}

/** `int`, `float`, `bool`, `str`, `list/int` …; undefined: the value has no type of its own. */
export function typeNameOf(value: unknown): string | undefined {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "string" || value instanceof Date) return "str";
  if (Array.isArray(value)) return uniform("list", value);
  return typeof value === "object" && value !== null ? uniform("dict", Object.values(value)) : undefined;
}

function uniform(kind: string, values: readonly unknown[]): string {
  const types = new Set(values.map(typeNameOf));
  const [only] = types;
  return types.size === 1 && only !== undefined && !only.includes("/") && only !== "list" && only !== "dict" ? `${kind}/${only}` : kind;
}

/** JSON with a space behind commas and colons, as Python writes it. */
function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${spacedJson(item)}`)
    .join(", ")}}`;
}

/** A stored text as what a local value is: `undefined` when it cannot be that. An empty text is `null` for all but texts. */
export function castLike(text: string, local: unknown, type?: string): unknown {
  if (typeof local === "string") return text;
  if (local === null || local === undefined) return castTo(text, type);
  return castTo(text, typeNameOf(local));
}

/** A stored text by its stored type; one without a type is a text, or `null` when it is empty. */
export function castTo(text: string, type: string | undefined): unknown {
  const [kind] = (type ?? "").split("/");
  if (kind === "str") return text;
  if (text === "") return null;
  if (kind === "int" || kind === "float") return numberIn(text);
  if (kind === "bool") return numberIn(text) === undefined ? text.toLowerCase() === "true" : Number(text) !== 0;
  if (kind === "list" || kind === "tuple") return containerIn(text, Array.isArray);
  if (kind === "dict") return containerIn(text, (value) => typeof value === "object" && value !== null && !Array.isArray(value));
  return text;
}

function numberIn(text: string): number | undefined {
  const value = Number(text.replace(/^([+-]?)(inf|infinity)$/i, "$1Infinity").replaceAll("_", ""));
  return text.trim() === "" || (Number.isNaN(value) && !/^nan$/i.test(text)) ? undefined : value;
}

/** Lists and maps are JSON; people and Python also write YAML and tuples. */
function containerIn(text: string, isIt: (value: unknown) => boolean): unknown {
  for (const read of [JSON.parse, yaml]) {
    try {
      const value: unknown = read(text.trim().replace(/^\((.*)\)$/s, "[$1]"));
      if (isIt(value)) return value;
    } catch {
      // Not in this form.
    }
  }
  return undefined;
}

/** Loaded when there is YAML: it costs more than the rest of this module. */
function yaml(text: string): unknown {
  return (createRequire(import.meta.url)("yaml") as typeof import("yaml")).parse(text, { version: "1.1" });
}
