import { isMap, mapOf, nameOf, tagsOf, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { configurationIn, sectionsIn } from "./parameter-items.ts";
import { invalidData, keyOf, ONLY_MAPS, ONLY_TEXTS } from "./stored-values.ts";
import { parsedTask, SCRIPT_TRIMMED } from "./task-parsing.ts";
import { executionIn, modelsIn } from "./task-shapes.ts";

/** Between the wire's task and the stored one: which fields count, and their shapes. */
const TEXTS = ["name", "comment", "type"];

/** The fields of `tasks.edit` and `tasks.update` that were given. `previous` is the task that is edited. */
export function givenFields(call: Call, body: Body, previous?: Document): Document {
  return storedFields(call, parsedTask(call, body, previous), previous);
}

/**
 * The given fields of a parsed task in stored form but for the name, which replies show as it came; 400/800 for what cannot be
 * stored. null counts as not given.
 */
export function storedFields(call: Call, today: Body, previous?: Document): Document {
  const [sections, items, container] = ["hyperparams", "configuration", "container"].map((name) => mapOf(today, name));
  return given({
    ...Object.fromEntries(TEXTS.map((name) => [name, dataText(today, name)])),
    tags: tagsOf(today, "tags"),
    system_tags: tagsOf(today, "system_tags"),
    parent: textOf(today, "parent"),
    project: textOf(today, "project"),
    models: modelsIn(call, today),
    container: container === undefined ? undefined : containerIn(container),
    output: outputIn(today, previous),
    execution: executionIn(mapOf(today, "execution")),
    hyperparams: sections === undefined ? undefined : sectionsIn(sections),
    configuration: items === undefined ? undefined : configurationIn(items),
    script: scriptIn(today),
    runtime: mapOf(today, "runtime"),
  });
}

const given = (fields: Document): Document => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** A name as it is stored; 400/800 for one of less than three characters. */
export function storedName(fields: Document): Document {
  return fields["name"] === undefined ? fields : { ...fields, name: nameOf(fields) };
}

function dataText(body: Document, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalidData(name, ONLY_TEXTS);
  return value;
}

/** A container as given; names are trimmed, and never empty (clearml-api.md 2.3). */
export function containerIn(container: Document): Document {
  for (const value of Object.values(container)) if (value !== null && typeof value !== "string") throw invalidData("container", ONLY_TEXTS);
  return Object.fromEntries(Object.entries(container).map(([name, value]) => [keyOf(name), value]));
}

function scriptIn(body: Document): Document | undefined {
  const script = mapOf(body, "script");
  if (script === undefined) return undefined;
  const values = Object.entries(script).filter(([, value]) => value !== null);
  for (const [name, value] of values)
    if (name === "requirements" ? !isMap(value) : typeof value !== "string")
      throw invalidData("script", name === "requirements" ? ONLY_MAPS : ONLY_TEXTS);
  return Object.fromEntries(values.map(([name, value]) => [name, SCRIPT_TRIMMED.includes(name) ? String(value).trim() : value]));
}

function outputIn(body: Body, previous: Document | undefined): Document | undefined {
  const destination = dataText(body, "output_dest");
  return destination === undefined ? undefined : { ...(previous?.["output"] as object | undefined), destination };
}

export const EMPTY_EXECUTION = { test_split: 0, parameters: {}, model_desc: {}, model_labels: {}, artifacts: [] };
export const EMPTY_SCRIPT = { binary: "python", repository: "", entry_point: "", requirements: {} };

/** A new task as it stands on the wire at once (clearml-api.md 2.1). */
export function newTaskDocument(fields: Document): Document {
  return {
    status: "created",
    last_iteration: 0,
    ...fields,
    execution: { ...EMPTY_EXECUTION, ...(fields["execution"] as object) },
    script: { ...EMPTY_SCRIPT, ...(fields["script"] as object) },
    models: { input: [], output: [], ...(fields["models"] as object) },
  };
}
