import { flagOf, mapOf, textListOf, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Condition, isOneOf, joined } from "../store/conditions.ts";
import type { Kind } from "../store/documents.ts";
import { patternFilter } from "../store/filters.ts";
import { MODEL, PROJECT, TASK } from "../store/kinds.ts";
import { listFilter } from "../store/list-filter.ts";
import { ARCHIVED, visibleTo } from "./project-conditions.ts";
import { entitiesOfProjects } from "./project-entities.ts";
import { withDescendants } from "./project-tree.ts";

/** Tags, parents and people that the tasks and models of projects have, to choose from (clearml-services.md 2.6). */
interface Tags {
  readonly tags: string[];
  readonly system_tags?: string[];
}

/** Of the company's own documents; what is below the projects always counts. */
function tagsIn(call: Call, body: Body, kind: Kind): Tags {
  const projects = textListOf(body, "projects") ?? [];
  const place = projects.length === 0 ? [] : [isOneOf(kind === PROJECT ? "id" : "project", withDescendants(call, projects))];
  const test = joined([visibleTo(call.caller.company, false), ...place, ...tagFilters(kind, body)], "AND");
  return {
    tags: distinctTags(call, kind, "tags", test),
    ...(flagOf(body, "include_system") ? { system_tags: distinctTags(call, kind, "system_tags", test) } : {}),
  };
}

function tagFilters(kind: Kind, body: Body): Condition[] {
  const filter = mapOf(body, "filter") ?? {};
  return ["tags", "system_tags"].flatMap((field) => {
    const values = textListOf(filter, field) ?? [];
    return (values.length === 0 ? undefined : listFilter(kind, field, values)) ?? [];
  });
}

function distinctTags(call: Call, kind: Kind, field: string, test: Condition): string[] {
  const rows = call.db.all<{ tag: string }>(
    `SELECT DISTINCT tag.value AS tag FROM (SELECT ${field} AS list FROM ${kind.table} WHERE coalesce(${field}, '[]') <> '[]' AND ${test.sql}) AS entity,
       json_each(entity.list) AS tag ORDER BY 1`,
    ...test.values,
  );
  return rows.map((row) => row.tag);
}

/** The existing parents of the tasks, wherever those live; `tasks_state` is about the children, `task_name` about the parents. */
function getTaskParents(call: Call, body: Body): object {
  const state = textOf(body, "tasks_state");
  const states: Readonly<Record<string, string>> = { active: `NOT ${ARCHIVED}`, archived: ARCHIVED };
  const chosen = states[state ?? ""];
  const children = joined([entitiesOfProjects(call, body), ...(chosen === undefined ? [] : [{ sql: chosen, values: [] }])], "AND");
  const name = textOf(body, "task_name") ?? "";
  const named = name === "" ? undefined : patternFilter(TASK, "name", name);
  const parents = joined(
    [
      visibleTo(call.caller.company),
      { sql: `id IN (SELECT parent FROM tasks WHERE ${children.sql})`, values: children.values },
      ...(named === undefined ? [] : [named]),
    ],
    "AND",
  );
  const rows = call.db.all<{ id: string; name: string; project: string | null; place: string | null }>(
    `SELECT id, name, project, (SELECT name FROM projects WHERE projects.id = tasks.project) AS place
     FROM tasks WHERE ${parents.sql} ORDER BY name, id`,
    ...parents.values,
  );
  return { parents: rows.map(parentEntry) };
}

function parentEntry({ id, name, project, place }: { id: string; name: string; project: string | null; place: string | null }): object {
  if (project === null) return { id, name };
  return { id, name, project: place === null ? { id: project } : { id: project, name: place } };
}

function getUserNames(call: Call, body: Body): object {
  const test = entitiesOfProjects(call, body);
  const table = textOf(body, "entity") === "model" ? "models" : "tasks";
  return { users: call.db.all(`SELECT id, name FROM users WHERE id IN (SELECT user FROM ${table} WHERE ${test.sql})`, ...test.values) };
}

export const PROJECT_FILTER_LIST_ENDPOINTS: readonly Endpoint[] = [
  read("projects.get_task_tags", (call, body) => tagsIn(call, body, TASK)),
  read("projects.get_model_tags", (call, body) => tagsIn(call, body, MODEL)),
  read("projects.get_project_tags", (call, body) => ({ system_tags: [], ...tagsIn(call, body, PROJECT) })),
  read("projects.get_task_parents", getTaskParents),
  read("projects.get_user_names", getUserNames),
];
