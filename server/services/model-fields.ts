import { ApiFault } from "../api-fault.ts";
import { isMap, tagsOf, textOf, wireDate } from "../body.ts";
import { isShorter } from "../contract/python-text.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/** The fields that callers may write of a model, as replies show them (clearml-services.md 3.1). */
type Reading = (body: Body, name: string) => unknown;

const READINGS: Readonly<Record<string, Reading>> = {
  name: nameIn,
  uri: textOf,
  comment: textOf,
  framework: textOf,
  project: textOf,
  parent: textOf,
  task: textOf,
  tags: tagsOf,
  system_tags: tagsOf,
  design: mapIn,
  labels: mapIn,
  metadata: metadataIn,
  ui_cache: mapIn,
  ready: (body, name) => Boolean(body[name]),
  created: dateIn,
};

/** The named fields that the body gives; a null stays one. */
export function modelFields(body: Body, names: readonly string[]): Document {
  const given = names.filter((name) => body[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, body[name] === null ? null : READINGS[name]?.(body, name)]));
}

/** Fields as they are stored: these texts without blanks around them. */
export function trimmed(fields: Document): Document {
  const texts = ["name", "uri"].filter((name) => typeof fields[name] === "string");
  return { ...fields, ...Object.fromEntries(texts.map((name) => [name, String(fields[name]).trim()])) };
}

export const withoutNulls = (fields: Document): Document =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

function nameIn(body: Body, name: string): string | undefined {
  const text = textOf(body, name);
  if (text !== undefined && isShorter(text.trim(), 3))
    throw new ApiFault(400, 800, "Data validation error", { [name]: "String value is too short" });
  return text;
}

function mapIn(body: Body, name: string): unknown {
  if (!isMap(body[name])) throw new ApiFault(400, 16, "Invalid value for fields (expecting dict)", { field: name });
  return body[name];
}

function metadataIn(body: Body, name: string): unknown {
  const wrong = Object.entries(mapIn(body, name) as Document).find(
    ([, item]) => !isMap(item) || ["key", "type", "value"].some((part) => typeof item[part] !== "string"),
  );
  if (wrong === undefined) return body[name];
  throw new ApiFault(400, 800, "Data validation error", { [name]: `{'${wrong[0]}': ValidationError(key, type and value are required,)}` });
}

function dateIn(body: Body, name: string): string {
  const text = textOf(body, name) ?? "";
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new ApiFault(400, 800, "Data validation error", { [name]: `cannot parse date "${text}"` });
  return wireDate(ms);
}

/** Labels of a new model: whole numbers, also as text; 400/800 for another text. */
export function labelsOfNew(labels: unknown): Document | undefined {
  if (!isMap(labels)) return undefined;
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, labelValue(label, value)]));
}

function labelValue(label: string, value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  if (typeof value === "string" && /^\s*[-+]?\d+\s*$/.test(value)) return Number(value);
  throw typeof value === "string"
    ? new ApiFault(400, 800, "Data validation error", { labels: `{'${label}': ValidationError(${value} could not be converted to int,)}` })
    : new ApiFault(400, 12, "Validation error (labels values must be integers)", { values: [value] });
}

/** Refuses labels of a change that are no whole numbers: 400/12. */
export function requireWholeLabels(body: Body): void {
  const values = isMap(body["labels"]) ? Object.values(body["labels"]).filter((value) => !Number.isSafeInteger(value)) : [];
  if (values.length > 0) throw new ApiFault(400, 12, "Validation error (labels values must be integers)", { values });
}

const REFERENCES: Readonly<Record<string, [table: string, word: string]>> = {
  project: ["projects", "Project"],
  parent: ["models", "Model"],
  task: ["tasks", "Task"],
};

/** What a changed model refers to must be there, own or public: 400/16. */
export function requireReferences(call: Call, fields: Document): void {
  for (const [field, [table, word]] of Object.entries(REFERENCES)) {
    const id = fields[field];
    if (typeof id !== "string") continue;
    const sql = `SELECT 1 FROM ${table} WHERE id = ? AND company IN (?, '')`;
    if (call.db.get(sql, id, call.caller.company) === undefined)
      throw new ApiFault(400, 16, `Invalid value for fields (expecting ${word} id)`, { id, field });
  }
}
