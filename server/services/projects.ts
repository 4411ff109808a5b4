import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, tagsOf, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, insertDocument, updateDocument } from "../store/documents.ts";
import type { Condition } from "../store/filters.ts";
import { PROJECT } from "../store/kinds.ts";
import { getAll, getAllEx, listReply } from "./get-all.ts";
import { PROJECTS } from "./query-fields.ts";

/** `projects.*` (clearml-api.md 4.2). A project's name is its full path; parents are made as needed. */
const MAX_DEPTH = 10;

/** The project of that full name, made with its parents when there is none. */
export function ensureProject(call: Call, name: string): string {
  const full = normalName(name);
  const known = call.db.get<{ id: string }>("SELECT id FROM projects WHERE name = ?", full);
  return known?.id ?? insertProject(call, full, {});
}

function normalName(name: string): string {
  const parts = name.split("/").map((part) => part.trim());
  const last = parts.at(-1) ?? "";
  if (last.length < 3) throw new ApiFault(400, 800, "Data validation error (name must be at least three characters long)");
  if (parts.length > MAX_DEPTH) throw new ApiFault(400, 409, "Project path exceeds the maximum depth", { depth: parts.length });
  return parts.filter((part) => part !== "").join("/");
}

function insertProject(call: Call, name: string, fields: Document): string {
  const slash = name.lastIndexOf("/");
  const parent = slash < 0 ? undefined : ensureParent(call, name.slice(0, slash));
  const above = parent === undefined ? undefined : findDocument(call.db, PROJECT, parent, ["path"]);
  const id = newId();
  const now = wireDate(call.nowMs);
  insertDocument(call.db, PROJECT, {
    id,
    name,
    basename: name.slice(slash + 1),
    user: call.caller.user,
    company: call.caller.company,
    created: now,
    last_update: now,
    tags: [],
    system_tags: [],
    featured: 9999,
    ...fields,
    parent,
    path: parent === undefined ? [] : [...((above?.["path"] as string[] | undefined) ?? []), parent],
  });
  return id;
}

function ensureParent(call: Call, name: string): string {
  return call.db.get<{ id: string }>("SELECT id FROM projects WHERE name = ?", name)?.id ?? insertProject(call, name, {});
}

function create(call: Call, body: Body): object {
  const name = normalName(requiredText(body, "name"));
  if (call.db.get("SELECT 1 FROM projects WHERE name = ?", name) !== undefined)
    throw new ApiFault(400, 801, "Value combination already exists", { name });
  return { id: insertProject(call, name, givenFields(body)) };
}

function givenFields(body: Body): Document {
  const fields: Document = {
    description: textOf(body, "description"),
    tags: tagsOf(body, "tags"),
    system_tags: tagsOf(body, "system_tags"),
    default_output_destination: textOf(body, "default_output_destination"),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** `parent` matches any ancestor, with `shallow_search` only the direct one (top level when none is given). */
function parentConditions(body: Body): Condition[] {
  const parents = textListOf(body, "parent") ?? [];
  const shallow = flagOf(body, "shallow_search");
  if (parents.length === 0) return shallow ? [{ sql: "parent IS NULL", values: [] }] : [];
  const marks = parents.map(() => "?").join(", ");
  const sql = shallow ? `parent IN (${marks})` : `EXISTS (SELECT 1 FROM json_each(coalesce(path, '[]')) WHERE value IN (${marks}))`;
  return [{ sql, values: parents }];
}

function listProjects(call: Call, body: Body): object {
  const { documents, scrollId } = getAllEx(call, PROJECTS, body, parentConditions(body));
  if (flagOf(body, "include_stats")) for (const project of documents) Object.assign(project, statsOf(call, String(project["id"])));
  return listReply("projects", { documents, scrollId });
}

function statsOf(call: Call, project: string): Document {
  const rows = call.db.all<{ status: string; archived: number; n: number; runtime: number | null }>(
    `SELECT status, EXISTS (SELECT 1 FROM json_each(coalesce(system_tags, '[]')) WHERE value = 'archived') AS archived, count(*) AS n,
       sum(active_duration) AS runtime
     FROM tasks WHERE project = ? OR project IN (SELECT id FROM projects WHERE EXISTS (SELECT 1 FROM json_each(coalesce(path, '[]')) WHERE value = ?))
     GROUP BY status, archived`,
    project,
    project,
  );
  const side = (archived: number): Document => {
    const mine = rows.filter((row) => row.archived === archived);
    return {
      status_count: Object.fromEntries(mine.map((row) => [row.status, row.n])),
      total_tasks: mine.reduce((sum, row) => sum + row.n, 0),
      total_runtime: mine.reduce((sum, row) => sum + (row.runtime ?? 0), 0),
    };
  };
  const below = call.db.all<{ id: string; name: string }>("SELECT id, name FROM projects WHERE parent = ? ORDER BY name", project);
  return { stats: { active: side(0), archived: side(1) }, sub_projects: below };
}

function requireProject(call: Call, id: string): Document {
  const project = findDocument(call.db, PROJECT, id);
  if (project === undefined) throw new ApiFault(400, 401, "Invalid project id", { id });
  return project;
}

function update(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  const before = requireProject(call, id);
  const fields = givenFields(body);
  const name = textOf(body, "name");
  if (name !== undefined) rename(call, before, normalName(name), fields);
  updateDocument(call.db, PROJECT, id, { ...fields, last_update: wireDate(call.nowMs) });
  return { updated: 1, fields };
}

/** A new name must keep the place in the tree (400/408); the names below follow. */
function rename(call: Call, project: Document, name: string, fields: Document): void {
  const before = String(project["name"]);
  const placeOf = (full: string): string => full.slice(0, full.lastIndexOf("/") + 1);
  if (placeOf(before) !== placeOf(name))
    throw new ApiFault(400, 408, "Cannot update project location. Use projects.move instead", { name });
  call.db.run(
    "UPDATE projects SET name = ? || substr(name, length(?) + 1) WHERE substr(name, 1, length(?) + 1) = ? || '/'",
    name,
    before,
    before,
    before,
  );
  fields["name"] = name;
  fields["basename"] = name.slice(placeOf(name).length);
}

function deleteProject(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  requireProject(call, id);
  const tasks = call.db.all<{ id: string }>("SELECT id FROM tasks WHERE project = ?", id);
  if (tasks.length > 0 && !flagOf(body, "force")) throw new ApiFault(400, 402, "Project has associated tasks", { id });
  call.db.run("UPDATE tasks SET project = NULL WHERE project = ?", id);
  call.db.run("DELETE FROM projects WHERE id = ?", id);
  return { deleted: 1, disassociated_tasks: tasks.length, urls: {} };
}

export const PROJECT_ENDPOINTS: readonly Endpoint[] = [
  read("projects.get_by_id", (call, body) => ({ project: requireProject(call, requiredText(body, "project")) })),
  read("projects.get_all", (call, body) => listReply("projects", getAll(call, PROJECTS, body, parentConditions(body)))),
  read("projects.get_all_ex", listProjects),
  write("projects.create", create),
  write("projects.update", update),
  write("projects.delete", deleteProject),
];
