import { newId } from "../../base/ids.ts";
import { requiredText, textListOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Document, insertDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { getAll, getAllEx, listReply } from "./get-all.ts";
import { withDescendants } from "./project-tree.ts";
import { TASKS } from "./query-fields.ts";
import { requireTask } from "./task-access.ts";
import { newTaskDocument } from "./task-document.ts";
import { shapedTask } from "./task-legacy.ts";
import { touchProjects } from "./touched-project.ts";

/** Reading tasks, and storing new ones (clearml-api.md 4.1, clearml-tasks-events.md 3). */
function getById(call: Call, body: Body): object {
  return { task: { ...shapedTask(call, requireTask(call, requiredText(body, "task"))), unique_metrics: [] } };
}

/** A list as any other, hidden tasks too, but in one piece; `id` has to be there, and may be null. */
function getByIdEx(call: Call, { scroll_id: _, ...body }: Body): object {
  return listEx(call, { ...body, search_hidden: true, allow_public: true, include_subprojects: false });
}

function listEx(call: Call, body: Body): object {
  return listReply("tasks", getAllEx(call, TASKS, body), (task) => shapedTask(call, task));
}

/** Stores a new task of the caller; its id. */
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
    last_update: now,
    last_change: now,
    last_changed_by: user,
  });
  touchProjects(call, fields["project"]);
  return id;
}

/** Distinct types of what the caller can see, in the projects and below them. */
function getTypes(call: Call, body: Body): object {
  const projects = textListOf(body, "projects") ?? [];
  const isIn = projects.length === 0 ? "" : " AND project IN (SELECT value FROM json_each(?))";
  const list = projects.length === 0 ? [] : [JSON.stringify(withDescendants(call, projects))];
  const sql = `SELECT DISTINCT type FROM tasks WHERE company IN (?, '')${isIn}`;
  return { types: call.db.all<{ type: string }>(sql, call.caller.company, ...list).map((row) => row.type) };
}

export const TASK_ENDPOINTS: readonly Endpoint[] = [
  read("tasks.get_by_id", getById),
  read("tasks.get_by_id_ex", getByIdEx),
  read("tasks.get_all", (call, body) => listReply("tasks", getAll(call, TASKS, body), (task) => shapedTask(call, task))),
  read("tasks.get_all_ex", listEx),
  read("tasks.get_types", getTypes),
];
