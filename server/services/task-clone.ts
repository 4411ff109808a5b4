import { mapOf, requiredText, tagsOf, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { PROJECT, TASK } from "../store/kinds.ts";
import { ensureProject } from "./projects.ts";
import { existing, requireTask } from "./task-document.ts";
import { artifactsOf, configurationIn, executionIn, modelsIn, modelsOf, sectionsIn, sortedArtifacts } from "./task-shapes.ts";
import { insertTask } from "./tasks.ts";

/** `tasks.clone` (clearml-api.md 2.6): what to run is copied, what came of it is not. */
const COPIED = ["comment", "project", "type", "script", "container", "hyperparams", "configuration"] as const;

function clone(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const source = requireTask(call, id);
  const execution = { ...(source["execution"] as Document), ...executionIn({ execution: body["execution_overrides"] }) };
  const { queue: _, ...kept } = execution;
  const artifacts = artifactsOf({ execution }).filter((artifact) => artifact["mode"] === "input");
  const models = modelsIn({ models: { input: body["new_task_input_models"] } });
  const parent = existing(call, TASK.table, "parent", textOf(body, "new_task_parent")) ?? parentOf(source) ?? id;
  const newProject = textOf(body, "new_project_name");
  const project =
    newProject === undefined ? existing(call, PROJECT.table, "project", textOf(body, "new_task_project")) : ensureProject(call, newProject);
  const systemTags = (source["system_tags"] as string[]).filter((tag) => tag !== "development" && tag !== "archived");
  const created = insertTask(call, {
    ...Object.fromEntries(COPIED.map((name) => [name, source[name]])),
    name: textOf(body, "new_task_name") ?? source["name"],
    comment: textOf(body, "new_task_comment") ?? source["comment"],
    tags: tagsOf(body, "new_task_tags") ?? source["tags"],
    system_tags: tagsOf(body, "new_task_system_tags") ?? systemTags,
    parent,
    project: project ?? source["project"],
    execution: { ...kept, artifacts: sortedArtifacts(artifacts) },
    models: { input: modelsOf(source, "input"), ...models, output: [] },
    output: destinationOf(source),
    ...notEmpty("hyperparams", sectionsIn(mapOf(body, "new_task_hyperparams"))),
    ...notEmpty("configuration", configurationIn(mapOf(body, "new_task_configuration"))),
    ...notEmpty("container", mapOf(body, "new_task_container")),
  });
  return { id: created, ...(newProject === undefined ? {} : { new_project: { id: project, name: newProject } }) };
}

function parentOf(task: Document): string | undefined {
  const parent = task["parent"];
  return typeof parent === "string" && !parent.startsWith("__DELETED__") ? parent : undefined;
}

function destinationOf(task: Document): Document {
  const { destination } = task["output"] as Document;
  return destination === undefined ? {} : { destination };
}

function notEmpty(name: string, value: Document | undefined): Document {
  return value === undefined || Object.keys(value).length === 0 ? {} : { [name]: value };
}

export const TASK_CLONE_ENDPOINTS: readonly Endpoint[] = [write("tasks.clone", clone)];
