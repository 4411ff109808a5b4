import { ApiFault } from "../api-fault.ts";
import { flagOf, mapOf, requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { writableTask, writableTasks } from "./task-access.ts";
import { changedNow, updatedNow, updateTask } from "./task-changes.ts";
import { givenFields, storedFields, storedName } from "./task-document.ts";
import { shapedTask } from "./task-legacy.ts";
import { parsedTask } from "./task-parsing.ts";
import { DELETED, requireReferences } from "./task-references.ts";
import { insertTask } from "./tasks.ts";
import { touchProjects } from "./touched-project.ts";

/** Tasks made and edited (clearml-api.md 2.6, clearml-tasks-events.md 4). */

/** What `tasks.update` may change in any status; an edit of nothing else does not count as news of the run. */
const LIGHT = ["name", "comment", "tags", "system_tags", "project", "status_message"];

function parsed(call: Call, body: Body): Document {
  const task = parsedTask(call, body);
  requireReferences(call, task);
  return task;
}

function create(call: Call, body: Body): object {
  return { id: insertTask(call, storedName(storedFields(call, parsed(call, body)))) };
}

/** As `create`, but for what only storing finds; the parent may be a deleted one. */
function validate(call: Call, body: Body): object {
  const { parent } = body;
  parsed(call, typeof parent === "string" && parent.startsWith(DELETED) ? { ...body, parent: null } : body);
  return {};
}

const MERGED = ["execution", "script", "output", "models"] as const;

/** Objects are merged one level deep, maps are replaced whole, null never clears; type and status are taken as they come. */
function edit(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = writableTask(call, id, ["status", "hyperparams", "configuration", ...MERGED]);
  if (!flagOf(body, "force") && task["status"] !== "created")
    throw new ApiFault(400, 110, "Invalid task status", { expected: "created", status: task["status"] });
  const fields = givenFields(call, body, task);
  const status = textOf(body, "status");
  if (status !== undefined) fields["status"] = status;
  for (const name of MERGED) if (fields[name] !== undefined) fields[name] = { ...(task[name] as object), ...(fields[name] as object) };
  requireReferences(call, fields);
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  const isLight = Object.keys(fields).every((name) => LIGHT.includes(name));
  const shown = { ...fields, ...(isLight ? changedNow(call) : updatedNow(call)) };
  updateTask(call, id, storedName(shown));
  touchProjects(call, fields["project"]);
  call.effects.tasks.add(id);
  return { updated: 1, fields: shapedTask(call, shown) };
}

/** The fields of an update that count; everything else is ignored. */
function lightFields(call: Call, body: Body): Document {
  const { name, comment, tags, system_tags, project } = body;
  const message = textOf(body, "status_message");
  const error = textOf(body, "output__error");
  return {
    ...givenFields(call, { name, comment, tags, system_tags, project }),
    ...(message === undefined ? {} : { status_message: message }),
    ...(error === undefined ? {} : { output__error: error }),
  };
}

function saveLight(call: Call, task: Document, fields: Document): void {
  const { output__error: error, ...rest } = fields;
  const output = error === undefined ? {} : { output: { ...(task["output"] as object), error } };
  updateTask(call, String(task["id"]), { ...rest, ...output, ...changedNow(call) });
  if ("status_message" in fields) call.effects.tasks.add(String(task["id"]));
}

function update(call: Call, body: Body): object {
  const task = writableTask(call, requiredText(body, "task"), ["output"]);
  const fields = lightFields(call, body);
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  saveLight(call, task, storedName(fields));
  touchProjects(call, fields["project"]);
  return { updated: 1, fields: shapedTask(call, { ...fields, ...changedNow(call) }) };
}

/** Of several lines for a task the last one counts; values are stored as they come. */
function updateBatch(call: Call, lines: readonly Body[]): object {
  if (lines.length === 0) throw new ApiFault(400, 17, "Batch contains no items");
  const byTask = new Map(lines.map((line) => [line["task"], line]));
  if (![...byTask.keys()].every((id) => typeof id === "string")) throw new ApiFault(500, 0, "General server error ('task')");
  let updated = 0;
  for (const task of writableTasks(call, [...byTask.keys()] as string[], ["output", "project"])) {
    const fields = lightFields(call, byTask.get(task["id"]) ?? {});
    if (Object.keys(fields).length === 0) continue;
    saveLight(call, task, fields);
    touchAfter(call, task, fields);
    updated++;
  }
  return { updated };
}

function touchAfter(call: Call, task: Document, fields: Document): void {
  const project = fields["project"] ?? task["project"];
  if (project !== task["project"] || "tags" in fields || "system_tags" in fields) touchProjects(call, project, task["project"]);
}

function setRequirements(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = writableTask(call, id, ["script"]);
  const requirements = mapOf(body, "requirements") ?? {};
  updateTask(call, id, { script: { ...(task["script"] as object), requirements }, ...updatedNow(call) });
  return { updated: 1, fields: {} };
}

export const TASK_EDITING_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.create", create),
  read("tasks.validate", validate),
  write("tasks.edit", edit),
  write("tasks.update", update),
  { name: "tasks.update_batch", mode: "write", body: "batch", handle: (call, _body, lines) => updateBatch(call, lines) },
  write("tasks.set_requirements", setRequirements),
];
