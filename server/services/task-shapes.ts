import { ApiFault, wrongType } from "../api-fault.ts";
import { isMap, mapOf, wireDate } from "../body.ts";
import { typeNameOf } from "../contract/python-text.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/**
 * The shapes inside a task (clearml-api.md 2.2, 2.4): what is stored is what every other call can read. A document that
 * was stored in another shape, by an older version, is read as if the misshapen part were empty.
 */
export const SIDES = ["input", "output"] as const;

/** `models` as given: lists of `{name, model}` on two sides, each with the time of this call. */
export function modelsIn(call: Call, body: Body): Document | undefined {
  const models = mapOf(body, "models");
  if (models === undefined) return undefined;
  const sides = SIDES.filter((side) => models[side] !== undefined && models[side] !== null);
  return Object.fromEntries(
    sides.map((side) => [side, listOfMaps(models[side], `models.${side}`).map((item) => modelItem(call, item["name"], item["model"]))]),
  );
}

export function modelItem(call: Call, name: unknown, model: unknown): Document {
  if (typeof name !== "string") throw invalidData("models", "Field is required");
  return { name, ...(model === undefined || model === null ? {} : { model: String(model) }), updated: wireDate(call.nowMs) };
}

export function modelsOf(task: Document, side: string): Document[] {
  return mapsIn(isMap(task["models"]) ? task["models"][side] : undefined);
}

export function artifactsOf(task: Document): Document[] {
  return mapsIn(isMap(task["execution"]) ? task["execution"]["artifacts"] : undefined).filter((item) => typeof item["key"] === "string");
}

/** Unknown fields are dropped; artifacts come as a list and are known by key and mode. */
export function executionIn(execution: Document | undefined): Document | undefined {
  if (execution === undefined) return undefined;
  const given = textsIn(execution, ["queue", "framework"], "execution");
  const labels = mapOf(execution, "model_labels");
  if (labels !== undefined)
    given["model_labels"] = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, integerIn(value, "execution")]));
  const artifacts = execution["artifacts"];
  if (artifacts !== undefined && artifacts !== null)
    given["artifacts"] = sortedArtifacts(listOfMaps(artifacts, "execution.artifacts").map(artifactIn));
  return { ...integersIn(execution, ["test_split"], "execution"), ...given };
}

const isGiven = (item: Document, name: string): boolean => (item[name] ?? null) !== null;

/** Of these fields those that are given, all of them texts. */
function textsIn(item: Document, names: readonly string[], field: string): Document {
  const given = names.filter((name) => isGiven(item, name));
  if (!given.every((name) => typeof item[name] === "string")) throw invalidData(field, ONLY_TEXTS);
  return Object.fromEntries(given.map((name) => [name, item[name]]));
}

function integersIn(item: Document, names: readonly string[], field: string): Document {
  return Object.fromEntries(names.filter((name) => isGiven(item, name)).map((name) => [name, integerIn(item[name], field)]));
}

function integerIn(value: unknown, field: string): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw invalidData(field, `${String(value)} could not be converted to int`);
  return Math.trunc(number);
}

/** An artifact is stored under its key: without one the official server's work ends (clearml-tasks-events.md 4). */
export function requireArtifactKeys(artifacts: unknown): void {
  for (const artifact of mapsIn(artifacts)) keyIn(artifact);
}

function keyIn({ key }: Document): string {
  if (key === undefined) throw new ApiFault(500, 0, "'key'");
  if (typeof key !== "string") throw new ApiFault(500, 0, `'${typeNameOf(key)}' object has no attribute 'encode'`);
  return key;
}

const ARTIFACT_TEXTS = ["uri", "hash"];
const ARTIFACT_NUMBERS = ["content_size", "timestamp"];
const TYPE_DATA = ["preview", "content_type", "data_hash"];

/** One artifact: its known fields, numbers cut to whole ones, `display_data` always there. */
export function artifactIn(item: Document): Document {
  const key = keyIn(item);
  const { type, mode } = item;
  if (typeof type !== "string") throw invalidData("execution", isGiven(item, "type") ? ONLY_TEXTS : "Field is required");
  if (isGiven(item, "mode") && !SIDES.some((side) => side === mode)) throw invalidData("execution", "Value must be one of input, output");
  const data = mapOf(item, "type_data");
  return {
    key,
    type,
    mode: mode ?? "output",
    ...textsIn(item, ARTIFACT_TEXTS, "execution"),
    ...integersIn(item, ARTIFACT_NUMBERS, "execution"),
    ...(data === undefined ? {} : { type_data: textsIn(data, TYPE_DATA, "execution") }),
    display_data: Array.isArray(item["display_data"]) ? item["display_data"] : [],
  };
}

/** Identity of an artifact. */
export const artifactId = (item: Document): string => `${String(item["key"])}\n${String(item["mode"] ?? "output")}`;

/** Of equal ones the last; in the order of key and mode. */
export function sortedArtifacts(artifacts: readonly Document[]): Document[] {
  const byId = new Map(artifacts.map((artifact) => [artifactId(artifact), artifact]));
  return [...byId].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, artifact]) => artifact);
}

export const ONLY_TEXTS = "StringField only accepts string values";
export const ONLY_MAPS = "Only dictionaries may be used in a DictField";

export function invalidData(field: string, why: string): ApiFault {
  return new ApiFault(400, 800, "Data validation error", { [field]: why });
}

function listOfMaps(value: unknown, name: string): Document[] {
  if (!Array.isArray(value) || !value.every(isMap)) throw wrongType(name, "a list of objects");
  return value;
}

const mapsIn = (value: unknown): Document[] => (Array.isArray(value) ? value.filter(isMap) : []);
