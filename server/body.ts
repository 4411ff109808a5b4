import { ApiFault, missingField, wrongType } from "./api-fault.ts";
import { isShorter, typeNameOf } from "./contract/python-text.ts";
import type { Body } from "./endpoint.ts";

/** Typed reading of request fields; null is the same as absent (clearml-api.md 1.2). */
export function textOf(body: Body, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongType(name, "str", value);
  return value;
}

export function requiredText(body: Body, name: string): string {
  const value = textOf(body, name);
  if (value === undefined) throw missingField(name);
  return value;
}

export function flagOf(body: Body, name: string, fallback = false): boolean {
  const value = body[name];
  return typeof value === "boolean" ? value : typeof value === "number" ? value !== 0 : fallback;
}

export function numberOf(body: Body, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw wrongType(name, "int", value);
  return number;
}

/** A whole number within bounds: a fraction or 1e21 is the caller's mistake, and a repetition would not help. */
export function integerOf(body: Body, name: string, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): number | undefined {
  const number = numberOf(body, name);
  if (number === undefined || (Number.isSafeInteger(number) && number >= least && number <= most)) return number;
  throw wrongType(name, "int", number);
}

/** A list; a single text stands for a list of one. */
export function listOf(body: Body, name: string): unknown[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value : [value];
}

export function textListOf(body: Body, name: string): string[] | undefined {
  return listOf(body, name)?.map((item) => {
    if (typeof item !== "string") throw wrongItem(name, "str", item);
    return item;
  });
}

export function requiredTextList(body: Body, name: string): string[] {
  const list = textListOf(body, name);
  if (list === undefined || list.length === 0) throw emptyList(name);
  return list;
}

export function mapOf(body: Body, name: string): Record<string, unknown> | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!isMap(value)) throw wrongType(name, "dict", value);
  return value;
}

const wrongItem = (name: string, expected: string, item: unknown): ApiFault =>
  new ApiFault(
    400,
    12,
    `Validation error (error for field '${name}': all items must be instances of "${expected}", and not "${typeNameOf(item).toLowerCase()}"..)`,
  );
const emptyList = (name: string): ApiFault =>
  new ApiFault(400, 12, `Validation error (error for field '${name}'. value '[]' length is lower than allowed minimum '1'.)`);

/** A list of objects. */
export function mapListOf(body: Body, name: string): Record<string, unknown>[] | undefined {
  return listOf(body, name)?.map((item) => {
    if (!isMap(item)) throw wrongItem(name, "dict", item);
    return item;
  });
}

/** Of values that were read from a body those that it gives, nulls too: what update replies show. */
export function givenOf(body: Body, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = Object.keys(values).filter((name) => body[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, values[name] ?? null]));
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names of three characters at least (clearml-services.md 1.1). */
export function nameOf(body: Body, field = "name"): string {
  const name = requiredText(body, field).trim();
  if (isShorter(name, 3)) throw new ApiFault(400, 800, "Data validation error", { [field]: "String value is too short" });
  return name;
}

/** Sorted, repetitions stay; a tag may not look like an operator of the query grammar (clearml-services.md 1.1). */
export function tagsOf(body: Body, name: string): string[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value))
    throw new ApiFault(400, 800, "Data validation error", { [name]: "Only lists and tuples may be used in a list field" });
  requirePlainTags(value);
  return (value as string[]).toSorted();
}

/** Where nothing looked at types, a tag that is no text ends in the official server's work (clearml-tasks-events.md 1). */
export function requirePlainTags(tags: unknown): void {
  if (!Array.isArray(tags)) return;
  const other = tags.find((tag) => typeof tag !== "string");
  if (other !== undefined) throw new ApiFault(500, 0, `'${typeNameOf(other)}' object has no attribute 'startswith'`);
  const operators = tags.filter((tag: string) => tag.startsWith("__$"));
  if (operators.length > 0) throw new ApiFault(400, 16, "Invalid value for fields (unsupported tag prefix)", { values: operators });
}

/** A date as the wire writes it: ISO with microseconds and offset. */
export function wireDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000+00:00`;
}
