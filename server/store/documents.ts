import { ApiFault, wrongType } from "../api-fault.ts";
import type { Database, Row, SqlValue } from "./database.ts";
import { jsonText } from "./json-text.ts";

export type Document = Record<string, unknown>;

/** `text` columns hold dates too (ISO, one fixed form, so that their order is time's order); `json` columns maps and lists. */
export type FieldKind = "text" | "integer" | "flag" | "json";

export interface Field {
  readonly kind: FieldKind;
  /** A json field's value when nothing is stored: maps and lists are always on the wire, absent scalars and single values never. */
  readonly empty?: "{}" | "[]";
  /** Only returned when asked for by name. */
  readonly hidden?: boolean;
  /** A sub-document with fixed names; a map without them may hold any. */
  readonly inside?: readonly string[];
  /** No column: what its value is in a query; whoever gives the document adds it, if there is anything to add. */
  readonly sql?: string;
  /** What stands under those names are lists of objects. */
  readonly holdsLists?: boolean;
}

export interface Kind {
  readonly table: string;
  /** What it is called in refusals. */
  readonly label: string;
  /** Paths that hold ids of other documents, each with the table where those are. */
  readonly references: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, Field>>;
}

export const text: Field = { kind: "text" };
export const integer: Field = { kind: "integer" };
export const flag: Field = { kind: "flag" };
export const map: Field = { kind: "json", empty: "{}" };
export const value: Field = { kind: "json" };
export const list: Field = { kind: "json", empty: "[]" };
export const hidden = (field: Field): Field => ({ ...field, hidden: true });

export const subDocument = (...inside: readonly string[]): Field => ({ ...map, inside });

/** A kind whose fields are found by their own names only: `constructor`, asked for by a caller, is no field. */
export function kindOf(
  table: string,
  label: string,
  references: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, Field>>,
): Kind {
  return { table, label, references, fields: Object.assign(Object.create(null) as Record<string, Field>, fields) };
}

/** Reads one document, whole or only some of its top-level fields; undefined when there is none. */
export function findDocument(db: Database, kind: Kind, id: string, fields?: readonly string[]): Document | undefined {
  const row = db.get(`SELECT ${columnsOf(kind, fields)} FROM ${kind.table} WHERE id = ?`, id);
  return row === undefined ? undefined : documentOf(kind, row);
}

export function insertDocument(db: Database, kind: Kind, document: Document): void {
  const names = Object.keys(document).filter((name) => document[name] !== undefined);
  const marks = names.map(() => "?").join(", ");
  db.run(`INSERT INTO ${kind.table} (${names.join(", ")}) VALUES (${marks})`, ...names.map((name) => storedOf(kind, name, document[name])));
}

/** Writes the given fields; null takes a value away. False when there is no such document. */
export function updateDocument(db: Database, kind: Kind, id: string, changes: Document): boolean {
  const names = Object.keys(changes).filter((name) => changes[name] !== undefined);
  if (names.length === 0) return db.get(`SELECT 1 FROM ${kind.table} WHERE id = ?`, id) !== undefined;
  const sets = names.map((name) => `${name} = ?`).join(", ");
  return db.run(`UPDATE ${kind.table} SET ${sets} WHERE id = ?`, ...names.map((name) => storedOf(kind, name, changes[name])), id) > 0;
}

export function columnsOf(kind: Kind, fields?: readonly string[]): string {
  const names = fields ?? Object.keys(kind.fields).filter((name) => kind.fields[name]?.hidden !== true);
  return [...new Set(["id", ...names])].filter((name) => kind.fields[name]?.sql === undefined).join(", ");
}

export function documentOf(kind: Kind, row: Row): Document {
  const document: Document = {};
  for (const [name, stored] of Object.entries(row)) {
    const value = wireOf(kind.fields[name], stored);
    if (value !== undefined) document[name] = value;
  }
  return document;
}

function wireOf(field: Field | undefined, stored: unknown): unknown {
  if (field?.kind === "json" && field.empty !== undefined) return JSON.parse(typeof stored === "string" ? stored : field.empty);
  if (stored === null || stored === undefined) return undefined;
  if (field?.kind === "json") return JSON.parse(String(stored));
  return field?.kind === "flag" ? stored === 1 : stored;
}

function storedOf(kind: Kind, name: string, value: unknown): SqlValue {
  const field = kind.fields[name];
  if (field === undefined) throw new ApiFault(400, 14, "Invalid fields", { field: name });
  if (value === null || value === undefined) return null;
  if (field.kind === "json") return jsonText(value, name);
  if (field.kind === "flag") return value === true ? 1 : 0;
  if (field.kind === "integer" ? Number.isSafeInteger(value) : typeof value === "string") return value as SqlValue;
  throw wrongType(name, field.kind === "integer" ? "a whole number" : "a string");
}
