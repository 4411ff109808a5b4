import { newId } from "../../base/ids.ts";
import { flagOf, requiredText, textListOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Document, insertDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { type FilterTable, queryDocuments } from "../store/query.ts";
import { withDescendants } from "./project-tree.ts";
import { expandReferences, plainPaths } from "./references.ts";
import { requireTask } from "./task-access.ts";
import { newTaskDocument } from "./task-document.ts";
import { shapedTask } from "./task-legacy.ts";
import { touchProjects } from "./touched-project.ts";

/** Reading tasks, and storing new ones (clearml-api.md 4.1, clearml-tasks-events.md 3). */
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
  return { task: { ...shapedTask(call, requireTask(call, requiredText(body, "task"))), unique_metrics: [] } };
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
  return { ...body, project: withDescendants(call, projects) };
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
  const sql = `SELECT DISTINCT type FROM tasks WHERE company IN (?, '')${projects.length === 0 ? "" : ` AND project IN (${WITH_DESCENDANTS})`}`;
  const list = projects.length === 0 ? [] : [JSON.stringify(projects), JSON.stringify(projects)];
  return { types: call.db.all<{ type: string }>(sql, call.caller.company, ...list).map((row) => row.type) };
}

/** Given the ids of projects twice, as JSON: those and all below them. */
const WITH_DESCENDANTS = `SELECT value FROM json_each(?) UNION SELECT projects.id FROM projects, json_each(projects.path) AS ancestor
  WHERE ancestor.value IN (SELECT value FROM json_each(?))`;

export const TASK_ENDPOINTS: readonly Endpoint[] = [
  read("tasks.get_by_id", getById),
  read("tasks.get_by_id_ex", (call, body) => getAllEx(call, { ...body, id: [requiredText(body, "id")], search_hidden: true })),
  read("tasks.get_all", getAll),
  read("tasks.get_all_ex", getAllEx),
  read("tasks.get_types", getTypes),
];
