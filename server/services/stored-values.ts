import { ApiFault } from "../api-fault.ts";
import type { Document } from "../store/documents.ts";

/** What the official server says to values that a document cannot hold (400/800, clearml-tasks-events.md 1, 4). */
export const ONLY_TEXTS = "StringField only accepts string values";
export const ONLY_MAPS = "Only dictionaries may be used in a DictField";

export function invalidData(field: string, why: string): ApiFault {
  return new ApiFault(400, 800, "Data validation error", { [field]: why });
}

export const isGiven = (item: Document, name: string): boolean => (item[name] ?? null) !== null;

/** Of these fields those that are given, all of them texts. */
export function textsIn(item: Document, names: readonly string[], field: string): Document {
  const given = names.filter((name) => isGiven(item, name));
  if (!given.every((name) => typeof item[name] === "string")) throw invalidData(field, ONLY_TEXTS);
  return Object.fromEntries(given.map((name) => [name, item[name]]));
}

export function integersIn(item: Document, names: readonly string[], field: string): Document {
  return Object.fromEntries(names.filter((name) => isGiven(item, name)).map((name) => [name, integerIn(item[name], field)]));
}

export function integerIn(value: unknown, field: string): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw invalidData(field, `${String(value)} could not be converted to int`);
  return Math.trunc(number);
}

/** Names in maps are trimmed, and never empty (clearml-api.md 2.3). */
export function keyOf(name: string): string {
  const key = name.trim();
  if (key === "") throw new ApiFault(400, 12, "Validation error (Empty key is not allowed)");
  return key;
}
