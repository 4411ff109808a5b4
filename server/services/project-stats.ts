import { flagOf, mapOf, textListOf, wireDate } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { isOneOf, joined } from "../store/conditions.ts";
import type { Document } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { ARCHIVED, visibleTo } from "./project-conditions.ts";
import { type Children, childProjectsByParent } from "./project-selection.ts";
import { taskFilterOf } from "./project-task-filter.ts";

/** `include_stats`: figures of the tasks in each project and below it (clearml-services.md 2.5); one query for all projects. */
export interface Chosen {
  readonly children: Children | undefined;
  readonly selected: readonly string[] | undefined;
}

const DAY_MS = 86_400_000;
const STATUSES = ["closed", "completed", "created", "failed", "in_progress", "published", "publishing", "queued", "stopped", "unknown"];

export function withStats(call: Call, body: Body, projects: readonly Document[], chosen: Chosen): Document[] {
  if (!flagOf(body, "include_stats")) return [...projects];
  const below = flagOf(body, "stats_with_children", true) ? belowOf(call, body, projects, chosen) : new Map<string, Below[]>();
  const statsOf = chosen.children?.type === "dataset" ? datasetStats(call, chosen.children) : taskStats(call, body, chosen);
  return projects.map((project) => {
    const id = String(project["id"]);
    const lower = below.get(id) ?? [];
    return {
      ...project,
      stats: statsOf([id, ...lower.map((one) => one.id)]),
      sub_projects: lower.map(({ id: lowerId, name }) => ({ id: lowerId, name })),
    };
  });
}

interface Below extends Record<string, unknown> {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly tags: string | null;
}

/** Everything below each of the projects, by name; hidden ones only when they are looked for. */
function belowOf(call: Call, body: Body, projects: readonly Document[], { children, selected }: Chosen): Map<string, Below[]> {
  const ids = new Set(projects.map((project) => String(project["id"])));
  const choice = selected === undefined ? undefined : new Set(selected);
  const showsHidden = flagOf(body, "search_hidden") || looksIntoHidden(body, children);
  const below = new Map<string, Below[]>([...ids].map((id) => [id, []]));
  const all = call.db.all<Below>("SELECT id, name, path, system_tags AS tags FROM projects WHERE parent IS NOT NULL ORDER BY name");
  for (const one of all) {
    if (choice?.has(one.id) === false || (!showsHidden && isHidden(one))) continue;
    for (const above of JSON.parse(one.path) as string[]) below.get(above)?.push(one);
  }
  return below;
}

/** Datasets, pipelines and reports live in hidden projects; who filters the tasks says so by himself. */
const looksIntoHidden = (body: Body, children: Children | undefined): boolean =>
  children?.type === "dataset" || (children !== undefined && mapOf(body, "include_stats_filter") === undefined);

const isHidden = ({ tags }: Below): boolean => tags !== null && (JSON.parse(tags) as unknown[]).includes("hidden");

interface Figures extends Record<string, unknown> {
  readonly project: string;
  readonly status: string;
  readonly tasks: number;
  readonly runtime: number;
  readonly recent: number;
  readonly started: string | null;
}

const MS = (column: string): string => `CAST(round(unixepoch(${column}, 'subsec') * 1000) AS INTEGER)`;

function taskStats(call: Call, body: Body, { children }: Chosen): (projects: readonly string[]) => Document {
  const users = textListOf(body, "active_users") ?? [];
  const active = { sql: `project IS NOT NULL AND NOT ${ARCHIVED}`, values: [] };
  const scope = joined([visibleTo(call.caller.company), active], "AND");
  const filter = taskFilterOf(body, children).withoutArchived().on(TASK);
  const test = joined([scope, ...(filter ?? [{ sql: "0", values: [] }]), ...(users.length === 0 ? [] : [isOneOf("user", users)])], "AND");
  const rows = call.db.all<Figures>(
    `SELECT project, coalesce(status, 'unknown') AS status, count(*) AS tasks, max(started) AS started,
       coalesce(sum(CASE WHEN completed > started THEN (${MS("completed")} - ${MS("started")}) / 1000 END), 0) AS runtime,
       sum(completed > ? AND status NOT IN ('queued', 'in_progress', 'failed')) AS recent
     FROM tasks WHERE ${test.sql} GROUP BY project, status`,
    wireDate(call.nowMs - DAY_MS),
    ...test.values,
  );
  const byProject = Map.groupBy(rows, (row) => row.project);
  return (projects) => ({ active: summed(projects.flatMap((id) => byProject.get(id) ?? [])) });
}

function summed(rows: readonly Figures[]): Document {
  const sum = (value: (row: Figures) => number): number => rows.reduce((so, row) => so + value(row), 0);
  const counts = new Map(STATUSES.map((status) => [status, 0]));
  for (const row of rows) counts.set(row.status, (counts.get(row.status) ?? 0) + row.tasks);
  const started = rows.flatMap((row) => row.started ?? []).toSorted();
  return {
    status_count: Object.fromEntries(counts),
    total_tasks: sum((row) => row.tasks),
    total_runtime: sum((row) => row.runtime),
    completed_tasks_24h: sum((row) => row.recent ?? 0),
    last_task_run: started.at(-1) ?? null,
  };
}

/** Datasets are projects: those right below a project or below what is below it. */
function datasetStats(call: Call, children: Children): (projects: readonly string[]) => Document {
  const datasets = childProjectsByParent(call, children);
  return (projects) => {
    const found = projects.flatMap((id) => datasets.get(id) ?? []);
    const tags = new Set(found.flatMap((row) => JSON.parse(row.tags ?? "[]") as string[]));
    return { datasets: { count: found.length, tags: [...tags].toSorted() } };
  };
}
