import { flagOf, textListOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { isOneOf, joined } from "../store/conditions.ts";
import type { Document, Kind } from "../store/documents.ts";
import { MODEL, TASK } from "../store/kinds.ts";
import { ARCHIVED } from "./project-conditions.ts";
import { type Children, childProjectsByParent } from "./project-selection.ts";
import type { Chosen } from "./project-stats.ts";
import { taskFilterOf } from "./project-task-filter.ts";

/** What a project holds itself, without those below it (clearml-services.md 2.5): `check_own_contents`, `include_dataset_stats`. */
export function withOwnContents(call: Call, body: Body, projects: readonly Document[], { children }: Chosen): Document[] {
  if (!flagOf(body, "check_own_contents")) return [...projects];
  const counts = children?.type === "dataset" ? ownDatasets(call, children) : ownTasksAndModels(call, body, projects, children);
  return projects.map((project) => ({ ...project, ...counts(String(project["id"])) }));
}

type Counts = (project: string) => Document;

function ownDatasets(call: Call, children: Children): Counts {
  const datasets = childProjectsByParent(call, children);
  return (project) => ({ own_datasets: datasets.get(project)?.length ?? 0 });
}

function ownTasksAndModels(call: Call, body: Body, projects: readonly Document[], children: Children | undefined): Counts {
  const ids = projects.map((project) => String(project["id"]));
  const [tasks, models] = [countsOf(call, body, TASK, ids, children), countsOf(call, body, MODEL, ids, children)];
  return (project) => ({ own_tasks: tasks.get(project) ?? 0, own_models: models.get(project) ?? 0 });
}

function countsOf(call: Call, body: Body, kind: Kind, projects: readonly string[], children: Children | undefined): Map<string, number> {
  const filter = taskFilterOf(body, children);
  const conditions = filter.on(kind);
  if (conditions === undefined) return new Map();
  const users = textListOf(body, "active_users") ?? [];
  const active = filter.namesArchived ? [] : [{ sql: `NOT ${ARCHIVED}`, values: [] }];
  const test = joined(
    [isOneOf("project", projects), ...active, ...conditions, ...(users.length === 0 ? [] : [isOneOf("user", users)])],
    "AND",
  );
  const rows = call.db.all<{ project: string; n: number }>(
    `SELECT project, count(*) AS n FROM ${kind.table} WHERE ${test.sql} GROUP BY project`,
    ...test.values,
  );
  return new Map(rows.map((row) => [row.project, row.n]));
}

/** The size of a dataset stands in the runtime of its newest version. */
export function withDatasetStats(call: Call, body: Body, projects: readonly Document[]): Document[] {
  if (!flagOf(body, "include_dataset_stats")) return [...projects];
  const test = isOneOf(
    "project",
    projects.map((project) => String(project["id"])),
  );
  const rows = call.db.all<{ project: string; files: number | null; size: number | null }>(
    `SELECT project, json_extract(runtime, '$.ds_file_count') AS files, json_extract(runtime, '$.ds_total_size') AS size, max(last_update)
     FROM tasks WHERE ${test.sql} AND NOT ${ARCHIVED} AND coalesce(runtime, '{}') <> '{}' GROUP BY project`,
    ...test.values,
  );
  const stats = new Map(rows.map((row) => [row.project, { file_count: row.files ?? 0, total_size: row.size ?? 0 }]));
  return projects.map((project) => ({ ...project, dataset_stats: stats.get(String(project["id"])) ?? null }));
}
