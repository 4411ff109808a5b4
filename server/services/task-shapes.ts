import { wrongType } from "../api-fault.ts";
import { isMap, mapOf, wireDate } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { artifactIn, sortedArtifacts } from "./artifacts.ts";
import { integerIn, integersIn, invalidData, keyOf, textsIn } from "./stored-values.ts";

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
    given["model_labels"] = Object.fromEntries(
      Object.entries(labels).map(([label, value]) => [keyOf(label), integerIn(value, "execution")]),
    );
  const artifacts = execution["artifacts"];
  if (artifacts !== undefined && artifacts !== null)
    given["artifacts"] = sortedArtifacts(listOfMaps(artifacts, "execution.artifacts").map(artifactIn));
  return { ...integersIn(execution, ["test_split"], "execution"), ...given };
}

function listOfMaps(value: unknown, name: string): Document[] {
  if (!Array.isArray(value) || !value.every(isMap)) throw wrongType(name, "a list of objects");
  return value;
}

const mapsIn = (value: unknown): Document[] => (Array.isArray(value) ? value.filter(isMap) : []);
