import { ApiFault, wrongType } from "../api-fault.ts";
import { isMap, mapOf } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/**
 * The shapes inside a task (clearml-api.md 2.2, 2.4): what is stored is what every other call can read. A document that
 * was stored in another shape, by an older version, is read as if the misshapen part were empty.
 */
export const SIDES = ["input", "output"] as const;

/** `models` as given: lists of `{name, model, …}` on two sides. */
export function modelsIn(body: Body): Document | undefined {
  const models = mapOf(body, "models");
  if (models === undefined) return undefined;
  const sides = SIDES.filter((side) => models[side] !== undefined && models[side] !== null);
  return Object.fromEntries(sides.map((side) => [side, listOfMaps(models[side], `models.${side}`)]));
}

export function modelsOf(task: Document, side: string): Document[] {
  return mapsIn(isMap(task["models"]) ? task["models"][side] : undefined);
}

export function artifactsOf(task: Document): Document[] {
  return mapsIn(isMap(task["execution"]) ? task["execution"]["artifacts"] : undefined).filter((item) => typeof item["key"] === "string");
}

/** Artifacts come as a list and are known by key and mode; the virtual fields of old versions have other homes. */
export function executionIn(body: Body): Document | undefined {
  const execution = mapOf(body, "execution");
  if (execution === undefined) return undefined;
  const { docker_cmd: _, model: __, ...rest } = execution;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  if (given["queue"] !== undefined && typeof given["queue"] !== "string") throw wrongType("execution.queue", "a string");
  if (given["artifacts"] === undefined) return given;
  return { ...given, artifacts: sortedArtifacts(listOfMaps(given["artifacts"], "execution.artifacts")) };
}

export function sortedArtifacts(artifacts: readonly Document[]): Document[] {
  const byIdentity = new Map<string, Document>();
  for (const artifact of artifacts) {
    if (typeof artifact["key"] !== "string") throw wrongType("artifacts.key", "a string");
    const mode = typeof artifact["mode"] === "string" ? artifact["mode"] : "output";
    byIdentity.set(`${artifact["key"]}\n${mode}`, { ...artifact, mode });
  }
  return [...byIdentity.values()].toSorted((a, b) => (String(a["key"]) < String(b["key"]) ? -1 : 1));
}

/** Section and name of each item come from its place; the `properties` section is stored in lower case. */
export function sectionsIn(sections: Document | undefined): Document | undefined {
  if (sections === undefined) return undefined;
  const result = present(sections).map(([section, items]) => {
    if (!isMap(items)) throw wrongType(`hyperparams.${section}`, "an object");
    const name = sectionName(section);
    return [name, Object.fromEntries(present(items).map(([key, item]) => [key.trim(), parameterIn(name, key.trim(), item)]))];
  });
  return Object.fromEntries(result) as Document;
}

export const sectionName = (section: string): string => (section.trim().toLowerCase() === "properties" ? "properties" : section.trim());

export function parameterIn(section: string, name: string, item: unknown): Document {
  if (section === "" || name === "") throw new ApiFault(400, 12, "Validation error (section and name of a parameter must not be empty)");
  if (!isMap(item)) throw wrongType(`hyperparams.${section}.${name}`, "an object");
  return { section, name, ...itemFields(item) };
}

/** `configuration` as given: items by name. */
export function configurationIn(configuration: Document | undefined): Document | undefined {
  if (configuration === undefined) return undefined;
  return Object.fromEntries(present(configuration).map(([name, item]) => [name.trim(), configurationItem(name.trim(), item)]));
}

export function configurationItem(name: string, item: unknown): Document {
  if (name === "") throw new ApiFault(400, 12, "Validation error (the name of a configuration must not be empty)");
  if (!isMap(item)) throw wrongType(`configuration.${name}`, "an object");
  return { name, ...itemFields(item) };
}

function itemFields(item: Document): Document {
  const { value, type, description } = item;
  return {
    ...(value === undefined || value === null ? {} : { value: String(value) }),
    ...(type === undefined || type === null ? {} : { type }),
    ...(description === undefined || description === null ? {} : { description }),
  };
}

/** null is the same as absent (clearml-api.md 1.2). */
const present = (items: Document): [string, unknown][] => Object.entries(items).filter(([, item]) => item !== null);

function listOfMaps(value: unknown, name: string): Document[] {
  if (!Array.isArray(value) || !value.every(isMap)) throw wrongType(name, "a list of objects");
  return value;
}

const mapsIn = (value: unknown): Document[] => (Array.isArray(value) ? value.filter(isMap) : []);
