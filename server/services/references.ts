import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Call } from "../endpoint.ts";
import { columnsOf, type Document, documentOf, type Kind } from "../store/documents.ts";
import { KINDS, TASK } from "../store/kinds.ts";
import { partsOf, unknownPart } from "../store/paths.ts";
import { projectionOf } from "../store/projection.ts";
import { COMPANY_NAME } from "../version.ts";
import { storedArtifacts } from "./task-shapes.ts";

/** `get_all_ex`: ids become objects, with the fields that are asked of them, several levels deep (clearml-tasks-events.md 2.9). */
export interface Wish {
  /** What is asked of the document itself; empty: everything. */
  readonly paths: readonly string[];
  /** What is asked of the documents behind its references, by the reference's path. */
  readonly below: ReadonlyMap<string, readonly string[]>;
}

export function wishOf(kind: Kind, paths: readonly string[]): Wish {
  requireFields(kind, paths);
  const included = widest(paths.filter((path) => !path.startsWith("-")));
  if (included.length === 0) return { paths, below: new Map() };
  const below = new Map<string, string[]>();
  const own = included.flatMap((path) => {
    if (path === "*") return Object.keys(kind.fields);
    const reference = referenceIn(kind, path);
    if (reference === undefined || path === reference) return [path];
    below.set(reference, [...(below.get(reference) ?? []), path.slice(reference.length + 1)]);
    return [reference];
  });
  return { paths: [...new Set(["id", ...own])], below };
}

/** A path inside another asked one is dropped. */
function widest(paths: readonly string[]): string[] {
  const asked = new Set(paths);
  return paths.filter((path) => {
    const parts = path.split(".");
    return !parts.some((_, at) => at > 0 && asked.has(parts.slice(0, at).join(".")));
  });
}

const referenceIn = (kind: Kind, path: string): string | undefined =>
  Object.keys(kind.references).find((reference) => path === reference || path.startsWith(`${reference}.`));

function requireFields(kind: Kind, paths: readonly string[]): void {
  const names = paths.map((path) => partsOf(path.replace(/^-/, ""))[0] ?? "").filter((name) => name !== "*");
  const fields = [...new Set(names.filter((name) => unknownPart(kind, [name]) !== undefined))];
  if (fields.length > 0) throw new ApiFault(400, 14, "Fields not defined for object", { fields, object: kind.label });
}

/** Puts objects in the place of ids, in the given documents: `{id}`, with what is asked below; a missing document stays `{id}`. */
export function withReferences(call: Call, kind: Kind, documents: readonly Document[], below: Wish["below"]): void {
  for (const [path, table] of Object.entries(kind.references)) {
    const places = documents.flatMap((document) => placesOf(document, path.split(".")));
    const asked = below.get(path);
    const ids = asked === undefined ? [] : [...new Set(places.map((place) => place.id))];
    const found = asked === undefined || ids.length === 0 ? undefined : documentsBehind(call, table, ids, asked);
    for (const { holder, key, id } of places) holder[key] = found?.get(id) ?? { id };
  }
}

interface Place {
  readonly holder: Document;
  readonly key: string;
  readonly id: string;
}

function placesOf(value: unknown, [first = "", ...rest]: readonly string[]): Place[] {
  if (Array.isArray(value)) return value.flatMap((item) => placesOf(item, [first, ...rest]));
  if (!isMap(value)) return [];
  const inner = value[first];
  if (rest.length > 0) return placesOf(inner, rest);
  return typeof inner === "string" ? [{ holder: value, key: first, id: inner }] : [];
}

function documentsBehind(call: Call, table: string, ids: readonly string[], paths: readonly string[]): ReadonlyMap<string, Document> {
  const kind = KINDS.get(table);
  if (kind === undefined) return new Map();
  const wish = wishOf(kind, paths);
  const projection = projectionOf(kind, wish.paths);
  const shape = kind === TASK ? storedArtifacts : (document: Document): Document => document;
  const documents = stored(call, kind, ids, projection.fields).map((document) => shape(projection.apply(document)));
  withReferences(call, kind, documents, wish.below);
  return new Map(documents.map((document) => [String(document["id"]), document]));
}

function stored(call: Call, kind: Kind, ids: readonly string[], fields: readonly string[] | undefined): Document[] {
  const { onlyTask } = call.caller;
  // A token that is limited to its own task sees no other one, whatever path leads there.
  if (kind === TASK && onlyTask !== undefined && ids.some((id) => id !== onlyTask))
    return stored(
      call,
      kind,
      ids.filter((id) => id === onlyTask),
      fields,
    );
  if (kind.table === "companies") return ids.filter((id) => id === call.caller.company).map((id) => ({ id, name: COMPANY_NAME }));
  const sql = `SELECT ${columnsOf(kind, fields)} FROM ${kind.table} WHERE id IN (SELECT value FROM json_each(?))`;
  return call.db.all(sql, JSON.stringify(ids)).map((row) => documentOf(kind, row));
}
