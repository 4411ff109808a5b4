import { ApiFault } from "../api-fault.ts";
import { flagOf, mapListOf, mapOf, requiredText, tagsOf, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { configurationIn, sectionsIn } from "./parameter-items.ts";
import { ensureProject } from "./projects.ts";
import { containerIn, storedName } from "./task-document.ts";
import { containerOf } from "./task-legacy.ts";
import { DELETED, requireReferences } from "./task-references.ts";
import { artifactsOf, executionIn, modelItem, modelsOf } from "./task-shapes.ts";
import { insertTask } from "./tasks.ts";

/**
 * `tasks.clone` (clearml-api.md 2.6, clearml-tasks-events.md 4): what to run is copied, what came of it is not. What is given
 * empty means the source's. A reference that is given is checked, one that is inherited only with `validate_references`.
 */
function clone(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const [tags, systemTags] = [tagsOf(body, "new_task_tags") ?? [], tagsOf(body, "new_task_system_tags") ?? []];
  const source = requireSource(call, id);
  const overrides = mapOf(body, "execution_overrides") ?? {};
  const [parent, given, newProject] = [textOf(body, "new_task_parent"), textOf(body, "new_task_project"), textOf(body, "new_project_name")];
  const models = inputModels(call, body, overrides);
  const madeProject = !given && newProject ? { id: ensureProject(call, newProject), name: newProject } : undefined;
  const project = given || madeProject?.id;
  const task = {
    type: source["type"],
    script: source["script"],
    name: textOf(body, "new_task_name") || source["name"],
    comment: textOf(body, "new_task_comment") || source["comment"],
    tags: tags.length > 0 ? tags : source["tags"],
    system_tags: systemTags.length > 0 ? systemTags : inheritedMarks(source),
    parent: parent || parentOf(source) || id,
    project: project || source["project"],
    execution: executionOf(source, overrides),
    models: { input: models ?? modelsOf(source, "input") },
    output: destinationOf(source),
    hyperparams: filled(mapOf(body, "new_task_hyperparams"), sectionsIn) ?? source["hyperparams"],
    configuration: filled(mapOf(body, "new_task_configuration"), configurationIn) ?? source["configuration"],
    container: filled(mapOf(body, "new_task_container"), containerIn) ?? commandIn(overrides) ?? source["container"],
  };
  const all = flagOf(body, "validate_references");
  requireReferences(call, task, { parent: all || Boolean(parent), project: all || Boolean(project), models: all || models !== undefined });
  return { id: insertTask(call, storedName(task)), ...(madeProject === undefined ? {} : { new_project: madeProject }) };
}

function requireSource(call: Call, id: string): Document {
  const source = findDocument(call.db, TASK, id);
  if (source !== undefined && [call.caller.company, ""].includes(String(source["company"]))) return source;
  throw new ApiFault(400, 101, "Invalid task id", { id });
}

function inputModels(call: Call, body: Body, overrides: Document): Document[] | undefined {
  const given = mapListOf(body, "new_task_input_models") ?? [];
  if (given.length > 0) return given.map((item) => modelItem(call, item["name"], item["model"]));
  const model = overrides["model"];
  return typeof model === "string" && model !== "" ? [modelItem(call, "Input Model", model)] : undefined;
}

/** Without the queue and without output artifacts; parameters among the overrides do not count, as there. */
function executionOf(source: Document, overrides: Document): Document {
  const { queue: _, ...execution } = { ...(source["execution"] as Document), ...executionIn(overrides) };
  return { ...execution, artifacts: artifactsOf({ execution }).filter((artifact) => artifact["mode"] === "input") };
}

function commandIn(overrides: Document): Document | undefined {
  const command = overrides["docker_cmd"];
  return typeof command === "string" && command !== "" ? containerOf(command) : undefined;
}

function inheritedMarks(source: Document): string[] {
  return (source["system_tags"] as string[]).filter((tag) => tag !== "development" && tag !== "archived");
}

function parentOf(task: Document): string | undefined {
  const parent = task["parent"];
  return typeof parent === "string" && !parent.startsWith(DELETED) ? parent : undefined;
}

function destinationOf(task: Document): Document {
  const { destination } = task["output"] as Document;
  return destination === undefined ? {} : { destination };
}

function filled(value: Document | undefined, read: (value: Document) => Document): Document | undefined {
  return value === undefined || Object.keys(value).length === 0 ? undefined : read(value);
}

export const TASK_CLONE_ENDPOINTS: readonly Endpoint[] = [write("tasks.clone", clone)];
