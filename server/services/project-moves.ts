import { ApiFault, SettledFault } from "../api-fault.ts";
import { requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { PROJECT } from "../store/kinds.ts";
import { ARCHIVED } from "./project-conditions.ts";
import { basenameOf, ensureProject, partsOfName, pathBelow, requireDepth, requireFreeName } from "./project-names.ts";
import { touchProjects } from "./touched-project.ts";

/** The names below one: `0` is what comes after `/`. */
const UNDER = "name > ? || '/' AND name < ? || '0'";

/** Projects that change their place in the tree, with all that is below them (clearml-services.md 2.2). */
function move(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  const project = movable(call, id);
  const parts = partsOfName(newLocation(body));
  requireRoom(call, String(project["name"]), parts.length + 1 - depthOf(project));
  const parent = parts.length === 0 ? undefined : ensureProject(call, parts.join("/"));
  const before = project["parent"] as string | undefined;
  if (before === parent) throw new ApiFault(400, 410, "Project has the same source and destination paths", { location: parts.join("/") });
  if (parent !== undefined && (parent === id || pathBelow(call, parent).includes(id)))
    throw new SettledFault(400, 411, "Project can not be moved under itself in the projects hierarchy", { project: id, parent });
  const moved = reposition(call, project, parent);
  touchProjects(call, before, parent);
  return { moved };
}

/** null and absent are no top level there, but an error. */
function newLocation(body: Body): string {
  const location = textOf(body, "new_location");
  if (location === undefined) throw new ApiFault(500, 0, "General server error (no new_location)");
  return location;
}

/** An own project, or 500/0: these two calls do not look for one that is missing. */
function movable(call: Call, id: string): Document {
  const project = findDocument(call.db, PROJECT, id, ["name", "company", "parent", "path"]);
  if (project === undefined || project["company"] === "") throw new ApiFault(500, 0, `General server error (no own project ${id})`);
  return project;
}

const depthOf = (project: Document): number => (project["path"] as string[]).length + 1;

/** Whether the deepest project below this name may go that many levels down; 400/409 when not. */
function requireRoom(call: Call, name: string, levels: number): void {
  const row = call.db.get<{ depth: number | null }>(
    `SELECT max(json_array_length(coalesce(path, '[]'))) + 1 AS depth FROM projects WHERE name = ? OR ${UNDER}`,
    name,
    name,
    name,
  );
  requireDepth((row?.depth ?? 0) + levels);
}

/** Hangs a project below another one, or at the top; how many projects moved. */
function reposition(call: Call, project: Document, parent: string | undefined): number {
  const before = String(project["name"]);
  const above = parent === undefined ? undefined : findDocument(call.db, PROJECT, parent, ["name"]);
  const name = above === undefined ? basenameOf(before) : `${String(above["name"])}/${basenameOf(before)}`;
  requireFreeName(call, name);
  const id = String(project["id"]);
  const path = pathBelow(call, parent);
  updateDocument(call.db, PROJECT, id, { name, parent: parent ?? null, path, last_update: wireDate(call.nowMs) });
  for (const below of projectsUnder(call, before)) {
    const old = below["path"] as string[];
    updateDocument(call.db, PROJECT, String(below["id"]), { path: [...path, ...old.slice(old.indexOf(id))] });
  }
  return 1 + renameBelow(call, before, name);
}

const projectsUnder = (call: Call, name: string): Document[] =>
  call.db
    .all<{ id: string; path: string }>(`SELECT id, path FROM projects WHERE ${UNDER}`, name, name)
    .map(({ id, path }) => ({ id, path: JSON.parse(path) }));

/** The names below a project follow its own; how many there were. */
export function renameBelow(call: Call, before: string, name: string): number {
  return call.db.run(
    `UPDATE projects SET name = ? || substr(name, length(?) + 1), last_update = ? WHERE ${UNDER}`,
    name,
    before,
    wireDate(call.nowMs),
    before,
    before,
  );
}

/** What is not archived goes to the destination, or to no project; then the projects below; then the source is deleted. */
function merge(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  const destination = textOf(body, "destination_project") || undefined;
  if (id === destination) throw new ApiFault(400, 410, "Project has the same source and destination paths", { source: id });
  const source = movable(call, id);
  const target = destination === undefined ? undefined : movable(call, destination);
  if ((target?.["path"] as string[] | undefined)?.includes(id) === true)
    throw new ApiFault(400, 412, "Project can not be merged into its own child", { source: id, destination });
  requireRoom(call, String(source["name"]), (target === undefined ? 0 : depthOf(target)) - depthOf(source));
  const movedEntities = ["tasks", "models"].reduce((sum, table) => sum + moveEntities(call, table, id, destination), 0);
  const below = call.db.all<{ id: string }>("SELECT id FROM projects WHERE parent = ? ORDER BY seq", id);
  for (const child of below) settled(() => reposition(call, movable(call, child.id), destination));
  call.db.run("DELETE FROM projects WHERE id = ?", id);
  touchProjects(call, destination);
  return { moved_entities: movedEntities, moved_projects: below.length };
}

function moveEntities(call: Call, table: string, from: string, to: string | undefined): number {
  return call.db.run(`UPDATE ${table} SET project = ? WHERE project = ? AND company <> '' AND NOT ${ARCHIVED}`, to ?? null, from);
}

/** A refusal here comes after other things were moved, and they stay so. */
function settled<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof ApiFault ? SettledFault.of(error) : error;
  }
}

export const PROJECT_MOVE_ENDPOINTS: readonly Endpoint[] = [write("projects.move", move), write("projects.merge", merge)];
