import { ApiFault } from "../api-fault.ts";
import { isMap, mapOf } from "../body.ts";
import { typeNameOf } from "../contract/python-text.ts";
import { md5 } from "../store/database.ts";
import type { Document } from "../store/documents.ts";
import { integersIn, invalidData, isGiven, ONLY_TEXTS, textsIn } from "./stored-values.ts";

/** The artifacts of a task (clearml-api.md 2.3, 2.4): a list, in which each is known by key and mode. */
/** An artifact is stored under its key: without one the official server's work ends (clearml-tasks-events.md 4). */
export function requireArtifactKeys(artifacts: unknown): void {
  if (Array.isArray(artifacts)) for (const artifact of artifacts.filter(isMap)) keyIn(artifact);
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
  if (isGiven(item, "mode") && mode !== "input" && mode !== "output") throw invalidData("execution", "Value must be one of input, output");
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

/** As they lie in the official server's store; so a task shows them that is joined to another document (clearml-tasks-events.md 2.9). */
export function rawArtifacts(artifacts: readonly Document[]): Document {
  return Object.fromEntries(
    artifacts.filter(isMap).map((artifact) => [`${md5(String(artifact["key"]))}_${String(artifact["mode"] ?? "output")}`, artifact]),
  );
}
