import { ApiFault } from "../api-fault.ts";
import { flagOf, listOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { findDocument } from "../store/documents.ts";
import { PROJECT } from "../store/kinds.ts";
import { basenameOf, ensureProject } from "./project-names.ts";
import { withDescendants } from "./project-tree.ts";

/** Where reports are kept: a hidden `.reports` below the project that they are about, or at the top (clearml-services.md 5). */
export const REPORT_TAGS = ["hidden", "reports"] as const;
const FOLDER = ".reports";

/** The name of a project to keep reports for, none for the top; 500/0 for an unknown or public one, as there. */
export function folderOf(call: Call, project: string | undefined): string {
  if (project === undefined || project === "") return "";
  const found = findDocument(call.db, PROJECT, project, ["name", "company"]);
  if (found === undefined || found["company"] === "") throw new ApiFault(500, 0, `General server error (no own project ${project})`);
  return String(found["name"]);
}

/** The id of the folder for a project of that name, made when it is missing; a folder is its own. */
export function reportFolder(call: Call, project: string): string {
  const name = project.replace(/^\/+|\/+$/g, "");
  const folder = basenameOf(name) === FOLDER ? name : `${name}/${FOLDER}`;
  return ensureProject(call, folder, { description: "Reports project", system_tags: [...REPORT_TAGS] });
}

export function dropEmptyFolder(call: Call, project: unknown): void {
  if (typeof project !== "string") return;
  call.db.run(
    "DELETE FROM projects WHERE id = ? AND basename = ? AND NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.project = projects.id)",
    project,
    FOLDER,
  );
}

/** The folders that a query means by its `project`: given themselves, or right below a given one; undefined when it names none. */
export function foldersAsked(call: Call, body: Body): string[] | undefined {
  const given = listOf(body, "project") ?? [];
  if (given.length === 0) return undefined;
  const named = given.filter((id) => typeof id === "string");
  const projects = flagOf(body, "include_subprojects") ? withDescendants(call, named) : named;
  const rows = call.db.all<{ id: string }>(
    `SELECT id FROM projects WHERE basename = ? AND (coalesce(parent, '') IN (SELECT value FROM json_each(?)) OR id IN (SELECT value FROM json_each(?)))`,
    FOLDER,
    JSON.stringify(given.includes(null) ? [...projects, ""] : projects),
    JSON.stringify(projects),
  );
  return rows.map((row) => row.id);
}
