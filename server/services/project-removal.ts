import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { doomFiles } from "./doomed-files.ts";
import { ARCHIVED, hasTag } from "./project-conditions.ts";
import { deleteModelsIn, deleteTasksIn } from "./project-contents.ts";
import { requireWritableProject } from "./project-names.ts";
import { withDescendants } from "./project-tree.ts";

/** What stands in the way of deleting a project, and its deletion (clearml-services.md 2.3). */
const REPORTS = hasTag("system_tags", "reports");
const IN = "project IN (SELECT value FROM json_each(?))";

/** Projects that hold pipelines or datasets are judged by them; all others, the regular ones, by their tasks and models. */
interface Groups {
  readonly pipelines: string[];
  readonly datasets: string[];
  readonly regular: string[];
}

function groupsOf(call: Call, projects: readonly string[]): Groups {
  const tagged = (tag: string): string[] =>
    call.db
      .all<{ id: string }>(
        `SELECT id FROM projects WHERE id IN (SELECT value FROM json_each(?)) AND basename <> '.${tag}s' AND ${hasTag("system_tags", tag)}`,
        JSON.stringify(projects),
      )
      .map((row) => row.id);
  const [pipelines, datasets] = [tagged("pipeline"), tagged("dataset")];
  const special = new Set([...pipelines, ...datasets]);
  return { pipelines, datasets, regular: projects.filter((id) => !special.has(id)) };
}

function count(call: Call, what: string, projects: readonly string[]): number {
  return call.db.get<{ n: number }>(`SELECT count(*) AS n FROM ${what} AND ${IN}`, JSON.stringify(projects))?.n ?? 0;
}

const ofProjects = (table: string, condition: string): string => `(SELECT DISTINCT project FROM ${table} WHERE ${condition})`;

function occupied({ pipelines, datasets }: Groups, call: Call): { pipelines: number; datasets: number } {
  return {
    pipelines: count(call, `${ofProjects("tasks", `type = 'controller' AND NOT ${ARCHIVED}`)} WHERE true`, pipelines),
    datasets: count(call, `${ofProjects("tasks", `NOT ${ARCHIVED}`)} WHERE true`, datasets),
  };
}

function validateDelete(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  requireWritableProject(call, id);
  const groups = groupsOf(call, withDescendants(call, [id]));
  return {
    ...occupied(groups, call),
    tasks: count(call, `tasks WHERE NOT ${REPORTS}`, groups.regular),
    non_archived_tasks: count(call, `tasks WHERE NOT ${REPORTS} AND NOT ${ARCHIVED}`, groups.regular),
    models: count(call, "models WHERE true", groups.regular),
    non_archived_models: count(call, `models WHERE NOT ${ARCHIVED}`, groups.regular),
    reports: count(call, `tasks WHERE ${REPORTS}`, groups.regular),
    non_archived_reports: count(call, `tasks WHERE ${REPORTS} AND NOT ${ARCHIVED}`, groups.regular),
  };
}

function requireEmpty(call: Call, id: string, projects: readonly string[]): void {
  const groups = groupsOf(call, projects);
  const { pipelines, datasets } = occupied(groups, call);
  if (pipelines > 0)
    throw new ApiFault(
      400,
      413,
      "Project has associated pipelines with active controllers (please archive all the controllers or use force=true)",
      { id },
    );
  if (datasets > 0)
    throw new ApiFault(400, 406, "Project has associated non-empty datasets (please archive all the versions or use force=true)", { id });
  if (count(call, `tasks WHERE NOT ${ARCHIVED}`, groups.regular) > 0)
    throw new ApiFault(400, 402, "Project has associated tasks (use force=true)", { id });
  if (count(call, `models WHERE NOT ${ARCHIVED}`, groups.regular) > 0)
    throw new ApiFault(400, 405, "Project has associated models (use force=true)", { id });
}

/** The project and all below it. What they hold loses its project, or goes with it (`delete_contents`). */
function deleteProject(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  requireWritableProject(call, id);
  const projects = withDescendants(call, [id]);
  if (!flagOf(body, "force")) requireEmpty(call, id, projects);
  const list = JSON.stringify(projects);
  const contents = flagOf(body, "delete_contents")
    ? deleteContents(call, projects, flagOf(body, "delete_external_artifacts", true))
    : { disassociated_tasks: disassociate(call, list), deleted_models: 0, deleted_tasks: 0, urls: null };
  return { deleted: call.db.run("DELETE FROM projects WHERE id IN (SELECT value FROM json_each(?))", list), ...contents };
}

function disassociate(call: Call, projects: string): number {
  call.db.run(`UPDATE models SET project = NULL WHERE ${IN}`, projects);
  return call.db.run(`UPDATE tasks SET project = NULL WHERE ${IN}`, projects);
}

/** Addresses that the official server deletes by itself, and therefore leaves out of its lists. */
const SCHEDULED = /^(s3|azure|gs):\/\//;

function deleteContents(call: Call, projects: readonly string[], external: boolean): object {
  const models = deleteModelsIn(call, projects, external);
  const tasks = deleteTasksIn(call, projects, external);
  if (external) doomFiles(call, [...models.urls, ...tasks.urls]);
  const shown = (urls: readonly string[]): string[] => [...new Set(urls)].filter((url) => !external || !SCHEDULED.test(url));
  return {
    disassociated_tasks: 0,
    deleted_models: models.deleted,
    deleted_tasks: tasks.deleted,
    urls: { model_urls: shown(models.urls), artifact_urls: shown(tasks.urls), event_urls: [] },
  };
}

export const PROJECT_REMOVAL_ENDPOINTS: readonly Endpoint[] = [
  read("projects.validate_delete", validateDelete),
  write("projects.delete", deleteProject),
];
