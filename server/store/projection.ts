import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Document, Kind } from "./documents.ts";
import { partsOf } from "./paths.ts";

/** What a caller wants to see of each document: `only_fields` or `projection`, dotted paths, `-path` = all but. */
export interface Projection {
  /** Top-level fields to read; undefined: all that are shown by default. */
  readonly fields: readonly string[] | undefined;
  apply(document: Document): Document;
}

const EVERYTHING: Projection = { fields: undefined, apply: (document) => document };

export function projectionOf(kind: Kind, paths: readonly string[] | undefined): Projection {
  if (paths === undefined || paths.length === 0) return EVERYTHING;
  const excluded = paths.filter((path) => path.startsWith("-")).map((path) => path.slice(1));
  const included = paths.filter((path) => !path.startsWith("-"));
  for (const path of [...excluded, ...included]) known(kind, path);
  if (included.length === 0) return { fields: undefined, apply: (document) => without(document, excluded) };
  const fields = [...new Set(included.map((path) => partsOf(path)[0] ?? ""))].filter((field) => kind.fields[field] !== undefined);
  return { fields, apply: (document) => without(picked(document, included), excluded) };
}

/** Entries of a queue are no column, and yet a field. */
function known(kind: Kind, path: string): void {
  const [first = ""] = partsOf(path);
  if (kind.fields[first] !== undefined || (kind.table === "queues" && ["entries", "workers"].includes(first))) return;
  throw new ApiFault(400, 14, "Invalid fields", { field: first });
}

function picked(document: Document, paths: readonly string[]): Document {
  const result: Document = { id: document["id"] };
  for (const path of paths) copyPath(document, result, partsOf(path));
  return result;
}

/** Only what documents hold themselves is reached: a path may be called `constructor`, and means that parameter. */
function copyPath(from: unknown, to: Document, [first, ...rest]: readonly string[]): void {
  if (first === undefined || !isMap(from) || !Object.hasOwn(from, first)) return;
  const value = from[first];
  if (rest.length === 0 || !isMap(value)) {
    setOwn(to, first, value);
    return;
  }
  const below = Object.hasOwn(to, first) && isMap(to[first]) ? to[first] : {};
  setOwn(to, first, below);
  copyPath(value, below, rest);
}

/** `object["__proto__"] = value` would not make a key. */
function setOwn(object: Document, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

function without(document: Document, paths: readonly string[]): Document {
  for (const path of paths) {
    const parts = partsOf(path);
    const last = parts.pop() ?? "";
    const holder = parts.reduce<unknown>((value, part) => (isMap(value) && Object.hasOwn(value, part) ? value[part] : undefined), document);
    if (isMap(holder)) delete holder[last];
  }
  return document;
}
