import { TASK_TYPES } from "../../api/wire/task-types.ts";
import { ApiFault } from "../api-fault.ts";
import { isMap, mapOf, nameOf, requiredText, tagsOf, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { PROJECT, TASK } from "../store/kinds.ts";
import { configurationIn, executionIn, modelsIn, modelsOf, sectionsIn } from "./task-shapes.ts";

/** Between the wire's task and the stored one: required fields, the shapes that are always there, old names for new. */
const SCRIPT_TRIMMED = ["binary", "repository", "tag", "branch", "version_num", "entry_point", "working_dir"];

/** The fields of `tasks.create` and `tasks.edit` that were given, checked and in stored form. */
export function givenFields(call: Call, body: Body): Document {
  const fields: Document = {
    comment: textOf(body, "comment"),
    tags: tagsOf(body, "tags"),
    system_tags: tagsOf(body, "system_tags"),
    parent: existing(call, TASK.table, "parent", textOf(body, "parent")),
    project: existing(call, PROJECT.table, "project", textOf(body, "project")),
    script: scriptOf(body),
    execution: executionIn(body),
    models: modelsIn(body),
    hyperparams: sectionsIn(mapOf(body, "hyperparams")),
    configuration: configurationIn(mapOf(body, "configuration")),
    runtime: mapOf(body, "runtime"),
    container: containerOf(call, body),
    output: outputOf(body),
  };
  if (textOf(body, "name") !== undefined) fields["name"] = nameOf(body);
  if (textOf(body, "type") !== undefined) fields["type"] = typeOf(body);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function typeOf(body: Body): string {
  const type = requiredText(body, "type");
  if (!TASK_TYPES.some((known) => known === type)) throw new ApiFault(400, 12, "Validation error (invalid task type)", { type });
  return type;
}

export function existing(call: Call, table: string, field: string, id: string | undefined): string | undefined {
  if (id === undefined || id === "") return undefined;
  if (id.startsWith("__DELETED__") || call.db.get(`SELECT 1 FROM ${table} WHERE id = ?`, id) !== undefined) return id;
  throw new ApiFault(400, 16, "Fields value error (invalid reference)", { [field]: id });
}

function scriptOf(body: Body): Document | undefined {
  const script = mapOf(body, "script");
  if (script === undefined) return undefined;
  const trimmed = Object.entries(script)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, SCRIPT_TRIMMED.includes(name) && typeof value === "string" ? value.trim() : value]);
  return Object.fromEntries(trimmed) as Document;
}

/** Below 2.13 the image and its arguments travel in `execution.docker_cmd`. */
function containerOf(call: Call, body: Body): Document | undefined {
  const container = mapOf(body, "container");
  if (container !== undefined) return container;
  const command = mapOf(body, "execution")?.["docker_cmd"];
  if (call.version >= 2.13 || typeof command !== "string") return undefined;
  const [image = "", ...rest] = command.trim().split(" ");
  return { image, ...(rest.length === 0 ? {} : { arguments: rest.join(" ") }) };
}

function outputOf(body: Body): Document | undefined {
  const destination = textOf(body, "output_dest");
  const output = mapOf(body, "output");
  return destination === undefined ? output : { ...output, destination };
}

const EMPTY_EXECUTION = { test_split: 0, parameters: {}, model_desc: {}, model_labels: {}, artifacts: [] };
const EMPTY_SCRIPT = { binary: "python", repository: "", entry_point: "", requirements: {} };

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

/** What a reply of an older version looks like (clearml-api.md 1.7). */
export function shapedTask(call: Call, task: Document): Document {
  const execution = isMap(task["execution"]) ? task["execution"] : undefined;
  if (call.version >= 2.13 || execution === undefined) return task;
  const container = isMap(task["container"]) ? task["container"] : {};
  const command = [container["image"], container["arguments"]].filter((part) => typeof part === "string" && part !== "").join(" ");
  const input = modelsOf(task, "input")[0];
  const output = modelsOf(task, "output").at(-1);
  return {
    ...task,
    execution: {
      ...execution,
      ...(command === "" ? {} : { docker_cmd: command }),
      ...(input === undefined ? {} : { model: input["model"] }),
    },
    ...(output === undefined ? {} : { output: { ...(task["output"] as object), model: output["model"] } }),
  };
}

export function requireTask(call: Call, id: string, fields?: readonly string[]): Document {
  const task = findDocument(call.db, TASK, id, fields === undefined ? undefined : [...fields, "company"]);
  if (task === undefined) throw new ApiFault(400, 101, "Invalid task id", { id, company: call.caller.company });
  return task;
}
