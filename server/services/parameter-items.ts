import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import { typeNameOf } from "../contract/python-text.ts";
import type { Document } from "../store/documents.ts";
import { invalidData, keyOf, ONLY_MAPS, ONLY_TEXTS } from "./stored-values.ts";

/** The items of hyper-parameters and configurations (clearml-api.md 2.2, clearml-tasks-events.md 4). */
const PARAMETER_FIELDS = ["section", "name", "value", "type", "description"];
const CONFIGURATION_FIELDS = ["name", "value", "type", "description"];

export type Items = Record<string, Document>;
export type Sections = Record<string, Items>;

/** `hyperparams` as given: section and name of each item are told by its place when it does not say them itself. */
export function sectionsIn(sections: Document): Sections {
  const result = present(sections).map(([section, items]) => {
    if (!isMap(items)) throw invalidData("hyperparams", ONLY_MAPS);
    const key = sectionName(section);
    return [key, Object.fromEntries(present(items).map(([name, item]) => [keyOf(name), parameterIn(key, keyOf(name), item)]))];
  });
  return Object.fromEntries(result) as Sections;
}

/** What is said of sections before their values are looked at. */
export function requireSections(sections: Document): void {
  for (const [section, items] of present(sections)) {
    keyOf(section);
    if (isMap(items)) for (const [name, item] of present(items)) parameterItem(keyOf(name), item);
  }
}

export function requireConfiguration(configuration: Document): void {
  for (const [name, item] of present(configuration)) {
    keyOf(name);
    if (isMap(item)) requireKnown(item, CONFIGURATION_FIELDS, "ConfigurationItem");
  }
}

/** An item that is no object ends in the official server's work. */
function parameterItem(name: string, item: unknown): Document {
  if (!isMap(item)) throw new ApiFault(500, 0, `'${typeNameOf(item)}' object is not a mapping: ${name}`);
  requireKnown(item, PARAMETER_FIELDS, "ParamsItem");
  return item;
}

/** `configuration` as given: items by name. */
export function configurationIn(configuration: Document): Items {
  return Object.fromEntries(present(configuration).map(([name, item]) => [keyOf(name), configurationItem(keyOf(name), item)]));
}

export function parameterIn(section: string, name: string, item: unknown): Document {
  const given: Document = { section, name, ...itemFields(parameterItem(name, item), PARAMETER_FIELDS) };
  if (given["value"] === undefined) throw invalidData("hyperparams", `{'${section}': {'${name}': ${VALUE_MISSING}}}`);
  return given;
}

export function configurationItem(name: string, item: unknown): Document {
  if (!isMap(item)) throw invalidData("configuration", "Invalid embedded document instance provided to an EmbeddedDocumentField");
  requireKnown(item, CONFIGURATION_FIELDS, "ConfigurationItem");
  const given: Document = { name, ...itemFields(item, CONFIGURATION_FIELDS) };
  if (given["value"] === undefined) throw invalidData("configuration", `{'${name}': ${VALUE_MISSING}}`);
  return given;
}

/** 400/12 for fields that the official server's document does not have. */
export function requireKnown(given: Document, known: readonly string[], document: string): void {
  const unknown = Object.keys(given).find((field) => !known.includes(field));
  if (unknown !== undefined) throw new ApiFault(400, 12, "Validation error", { document, field: unknown });
}

/** The section of user properties is written in lower case, however it is given. */
export function sectionName(section: string): string {
  const key = keyOf(section);
  return key.toLowerCase() === "properties" ? "properties" : key;
}

function itemFields(item: Document, names: readonly string[]): Document {
  const given = names.filter((name) => item[name] !== undefined && item[name] !== null);
  for (const name of given) if (typeof item[name] !== "string") throw invalidData(name, ONLY_TEXTS);
  return Object.fromEntries(given.map((name) => [name, item[name]]));
}

const VALUE_MISSING = "{'value': ValidationError(Field is required,)}";

/** null is the same as absent (clearml-api.md 1.2). */
const present = (items: Document): [string, unknown][] => Object.entries(items).filter(([, item]) => item !== null);
