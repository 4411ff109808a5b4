import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, mapOf, nameOf, requiredText, requiredTextList, tagsOf, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, insertDocument, updateDocument } from "../store/documents.ts";
import { PROJECT, TASK } from "../store/kinds.ts";
import { type FilterTable, queryDocuments } from "../store/query.ts";
import { ensureProject } from "./projects.ts";
import { expandReferences, plainPaths } from "./references.ts";
import { statusOf } from "./statuses.ts";
import { existing, givenFields, newTaskDocument, requireTask, shapedTask, typeOf } from "./task-document.ts";

/** Reading, creating and editing tasks (clearml-api.md 2.6, 4.1). Parameters, artifacts and life have files of their own. */
export const TASK_FILTERS: FilterTable = {
  lists: [
    "id",
    "user",
    "tags",
    "system_tags",
    "type",
    "status",
    "project",
    "parent",
    "hyperparams.",
    "execution.queue",
    "models.input.model",
  ],
  patterns: ["name", "comment", "report"],
  ranges: ["created", "started", "active_duration", "last_metrics.", "last_iteration"],
  dates: ["status_changed", "last_update", "last_change"],
  equals: ["runtime."],
  searched: ["name", "id", "comment"],
};

function getById(call: Call, body: Body): object {
  return { task: shapedTask(call, requireTask(call, requiredText(body, "task"))) };
}

function getAll(call: Call, body: Body): object {
  const { documents, scrollId } = queryDocuments(call.db, TASK, TASK_FILTERS, withSubprojects(call, body));
  return { tasks: documents.map((task) => shapedTask(call, task)), ...(scrollId === undefined ? {} : { scroll_id: scrollId }) };
}

function getAllEx(call: Call, body: Body): object {
  const paths = textListOf(body, "only_fields") ?? textListOf(body, "projection") ?? [];
  const { tasks, ...rest } = getAll(call, { ...body, only_fields: plainPaths(paths), projection: undefined }) as { tasks: Document[] };
  return { tasks: tasks.map((task) => expandReferences(call, task, paths)), ...rest };
}

function withSubprojects(call: Call, body: Body): Body {
  const projects = textListOf(body, "project");
  if (!flagOf(body, "include_subprojects") || projects === undefined || projects.length === 0) return body;
  const below = projects.flatMap((project) =>
    call.db.all<{ id: string }>(
      "SELECT id FROM projects WHERE EXISTS (SELECT 1 FROM json_each(coalesce(path, '[]')) WHERE value = ?)",
      project,
    ),
  );
  return { ...body, project: [...projects, ...below.map((row) => row.id)] };
}

function create(call: Call, body: Body): object {
  const [name, type] = [nameOf(body), typeOf(body)];
  return { id: insertTask(call, { ...givenFields(call, body), name, type }) };
}

export function insertTask(call: Call, fields: Document): string {
  const now = wireDate(call.nowMs);
  const id = newId();
  const { user, company } = call.caller;
  insertDocument(call.db, TASK, {
    ...newTaskDocument(fields),
    id,
    user,
    company,
    created: now,
    status_changed: now,
    last_update: now,
    last_change: now,
    last_changed_by: user,
  });
  return id;
}

const MERGED = ["execution", "script", "output", "models"] as const;

/** `tasks.edit`: objects are merged one level deep, maps are replaced whole, null never clears (clearml-api.md 2.6). */
function edit(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireTask(call, id, ["status", ...MERGED]);
  if (!flagOf(body, "force") && task["status"] !== "created") {
    throw new ApiFault(400, 110, "Invalid task status", { expected: "created", status: task["status"] });
  }
  const fields = givenFields(call, body);
  for (const name of MERGED) if (fields[name] !== undefined) fields[name] = { ...(task[name] as object), ...(fields[name] as object) };
  const status = statusOf(body, "status");
  if (status !== undefined) fields["status"] = status;
  const now = wireDate(call.nowMs);
  updateDocument(call.db, TASK, id, { ...fields, last_update: now, last_change: now, last_changed_by: call.caller.user });
  call.effects.tasks.add(id);
  return { updated: 1, fields: { ...fields, last_update: now } };
}

/** `tasks.update`: names and tags, in any status. */
function update(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireTask(call, id, ["output"]);
  const given = givenFields(call, {
    name: body["name"],
    comment: body["comment"],
    tags: body["tags"],
    system_tags: body["system_tags"],
    project: body["project"],
    type: body["type"],
  });
  const fields: Document = {
    ...given,
    ...(textOf(body, "status_message") === undefined ? {} : { status_message: body["status_message"] }),
  };
  const error = textOf(body, "output__error");
  if (error !== undefined) fields["output"] = { ...(task["output"] as object), error };
  if (Object.keys(fields).length === 0) return { updated: 0, fields: {} };
  updateDocument(call.db, TASK, id, { ...fields, last_change: wireDate(call.nowMs), last_changed_by: call.caller.user });
  if ("status_message" in fields) call.effects.tasks.add(id);
  return { updated: 1, fields };
}

function setRequirements(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireTask(call, id, ["script"]);
  const requirements = mapOf(body, "requirements") ?? {};
  updateDocument(call.db, TASK, id, { script: { ...(task["script"] as object), requirements }, last_update: wireDate(call.nowMs) });
  return { updated: 1, fields: { "script.requirements": requirements } };
}

function moveTasks(call: Call, body: Body): object {
  const name = textOf(body, "project_name");
  const project = name === undefined ? existing(call, PROJECT.table, "project", requiredText(body, "project")) : ensureProject(call, name);
  for (const id of requiredTextList(body, "ids")) updateDocument(call.db, TASK, id, { project, last_change: wireDate(call.nowMs) });
  return { project_id: project };
}

function updateTags(call: Call, body: Body): object {
  const [added, removed] = [tagsOf(body, "add_tags") ?? [], new Set(tagsOf(body, "remove_tags") ?? [])];
  let updated = 0;
  for (const id of requiredTextList(body, "ids")) {
    const task = findDocument(call.db, TASK, id, ["tags"]);
    if (task === undefined) continue;
    const tags = [...new Set([...(task["tags"] as string[]), ...added])].filter((tag) => !removed.has(tag)).toSorted();
    updated += updateDocument(call.db, TASK, id, { tags, last_change: wireDate(call.nowMs) }) ? 1 : 0;
  }
  return { updated };
}

function getTypes(call: Call, body: Body): object {
  const projects = textListOf(body, "projects") ?? [];
  const marks = projects.map(() => "?").join(", ");
  const where = projects.length === 0 ? "" : `WHERE project IN (${marks})`;
  return { types: call.db.all<{ type: string }>(`SELECT DISTINCT type FROM tasks ${where}`, ...projects).map((row) => row.type) };
}

export const TASK_ENDPOINTS: readonly Endpoint[] = [
  read("tasks.get_by_id", getById),
  read("tasks.get_by_id_ex", (call, body) => getAllEx(call, { ...body, id: [requiredText(body, "id")], search_hidden: true })),
  read("tasks.get_all", getAll),
  read("tasks.get_all_ex", getAllEx),
  read("tasks.get_types", getTypes),
  write("tasks.create", create),
  read("tasks.validate", (call, body) => {
    nameOf(body);
    typeOf(body);
    givenFields(call, body);
    return {};
  }),
  write("tasks.edit", edit),
  write("tasks.update", update),
  write("tasks.set_requirements", setRequirements),
  write("tasks.move", moveTasks),
  write("tasks.update_tags", updateTags),
];
