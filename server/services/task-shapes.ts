import { ApiFault, wrongType } from "../api-fault.ts";
import { isMap, mapOf, wireDate } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { md5 } from "../store/database.ts";
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
  const names = ["test_split", "queue", "framework", "model_labels"].filter((name) => (execution[name] ?? null) !== null);
  const given: Document = Object.fromEntries(names.map((name) => [name, execution[name]]));
  for (const name of ["queue", "framework"])
    if (given[name] !== undefined && typeof given[name] !== "string")
      throw invalidData("execution", "StringField only accepts string values");
  const labels = mapOf(execution, "model_labels");
  if (labels !== undefined)
    given["model_labels"] = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, labelOf(value)]));
  const artifacts = execution["artifacts"];
  if (artifacts !== undefined && artifacts !== null)
    given["artifacts"] = sortedArtifacts(listOfMaps(artifacts, "execution.artifacts").map(artifactIn));
  return given;
}

function labelOf(value: unknown): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number))
    throw invalidData("execution", `${String(value)} could not be converted to int`);
  return Math.trunc(number);
}

const ARTIFACT_TEXTS = ["uri", "hash"];
const ARTIFACT_NUMBERS = ["content_size", "timestamp"];
const TYPE_DATA = ["preview", "content_type", "data_hash"];

/** One artifact: its known fields, numbers cut to whole ones, `display_data` always there. */
export function artifactIn(item: Document): Document {
  const { key, type, mode } = item;
  if (typeof key !== "string") throw wrongType("artifacts.key", "a string");
  if (typeof type !== "string") throw invalidData("execution", "Field is required");
  if (mode !== undefined && mode !== null && !SIDES.some((side) => side === mode)) throw wrongType("artifacts.mode", "input or output");
  const texts = ARTIFACT_TEXTS.filter((name) => typeof item[name] === "string").map((name) => [name, item[name]]);
  const numbers = ARTIFACT_NUMBERS.filter((name) => Number.isFinite(Number(item[name] ?? Number.NaN))).map((name) => [
    name,
    Math.trunc(Number(item[name])),
  ]);
  const data = mapOf(item, "type_data");
  const known =
    data === undefined ? undefined : TYPE_DATA.filter((name) => typeof data[name] === "string").map((name) => [name, data[name]]);
  return {
    key,
    type,
    mode: mode ?? "output",
    ...Object.fromEntries([...texts, ...numbers]),
    ...(known === undefined ? {} : { type_data: Object.fromEntries(known) }),
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

/** A task that another document refers to shows its artifacts as the official database holds them: by key and mode. */
export function storedArtifacts(task: Document): Document {
  const { execution } = task;
  if (!isMap(execution) || !Array.isArray(execution["artifacts"])) return task;
  const artifacts = mapsIn(execution["artifacts"]).map((item) => [`${md5(String(item["key"]))}_${String(item["mode"] ?? "output")}`, item]);
  return { ...task, execution: { ...execution, artifacts: Object.fromEntries(artifacts) } };
}

export function invalidData(field: string, why: string): ApiFault {
  return new ApiFault(400, 800, "Data validation error", { [field]: why });
}

function listOfMaps(value: unknown, name: string): Document[] {
  if (!Array.isArray(value) || !value.every(isMap)) throw wrongType(name, "a list of objects");
  return value;
}

const mapsIn = (value: unknown): Document[] => (Array.isArray(value) ? value.filter(isMap) : []);
