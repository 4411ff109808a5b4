import { listOf, mapOf, textListOf, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Condition, isOneOf, joined } from "../store/conditions.ts";
import type { Kind } from "../store/documents.ts";
import { includeFilter } from "../store/include-filter.ts";
import { PROJECT, TASK } from "../store/kinds.ts";
import { listFilter } from "../store/list-filter.ts";
import { hasTag, visibleTo } from "./project-conditions.ts";

/** Which projects `get_all_ex` looks at: those with pipelines, datasets or reports, or with work of some users (clearml-services.md 2.5). */
export interface Children {
  readonly type: "pipeline" | "dataset" | "report";
  /** `children_tags` and `children_tags_filter`, on the documents that make the children. */
  tags(kind: Kind): Condition | undefined;
  /** `active_users`: whose documents count; empty: everybody's. */
  readonly users: readonly string[];
}

export function childrenOf(body: Body): Children | undefined {
  const type = textOf(body, "children_type");
  if (type !== "pipeline" && type !== "dataset" && type !== "report") return undefined;
  const users = textListOf(body, "active_users") ?? [];
  const [tags, filter] = [listOf(body, "children_tags") ?? [], mapOf(body, "children_tags_filter")];
  return {
    type,
    users,
    tags: (kind) =>
      filter === undefined ? (tags.length === 0 ? undefined : listFilter(kind, "tags", tags)) : includeFilter(kind, "tags", filter),
  };
}

/** The chosen projects with everything above them; undefined when the request does not choose. */
export function selectedProjects(call: Call, body: Body, children: Children | undefined): string[] | undefined {
  if (children !== undefined) return withAncestors(call, projectsOfChildren(call, children));
  const users = textListOf(body, "active_users") ?? [];
  return users.length === 0 ? undefined : withAncestors(call, projectsOfUsers(call, users));
}

function projectsOfChildren(call: Call, children: Children): string[] {
  const test = isChild(call, children);
  return idsOf(call, children.type === "report" ? "SELECT DISTINCT project AS id FROM tasks" : "SELECT id FROM projects", test);
}

/** Reports are tasks; pipelines and datasets are projects, and not the ones that they are kept in. */
function isChild(call: Call, children: Children): Condition {
  const { type } = children;
  if (type === "report") return tagged(call, children, TASK, "reports");
  return joined([tagged(call, children, PROJECT, type), { sql: "basename <> ?", values: [`.${type}s`] }], "AND");
}

function tagged(call: Call, { tags, users }: Children, kind: Kind, systemTag: string): Condition {
  const chosen = [tags(kind), users.length === 0 ? undefined : isOneOf("user", users)].filter((test) => test !== undefined);
  return joined([visibleTo(call.caller.company), { sql: hasTag("system_tags", systemTag), values: [] }, ...chosen], "AND");
}

export interface ChildProject extends Record<string, unknown> {
  readonly parent: string;
  /** A list as JSON. */
  readonly tags: string | null;
}

/** The projects that are pipelines or datasets, by the project right above them. */
export function childProjectsByParent(call: Call, children: Children): Map<string, ChildProject[]> {
  const test = tagged(call, children, PROJECT, children.type);
  const rows = call.db.all<ChildProject>(`SELECT parent, tags FROM projects WHERE parent IS NOT NULL AND ${test.sql}`, ...test.values);
  return Map.groupBy(rows, (row) => row.parent);
}

function projectsOfUsers(call: Call, users: readonly string[]): string[] {
  const test = joined([visibleTo(call.caller.company), isOneOf("user", users)], "AND");
  return [
    ...idsOf(call, "SELECT id FROM projects", test),
    ...["tasks", "models"].flatMap((table) => idsOf(call, `SELECT DISTINCT project AS id FROM ${table}`, test)),
  ];
}

function idsOf(call: Call, select: string, test: Condition): string[] {
  return call.db.all<{ id: string | null }>(`${select} WHERE ${test.sql}`, ...test.values).flatMap(({ id }) => (id === null ? [] : [id]));
}

function withAncestors(call: Call, ids: readonly string[]): string[] {
  const above = call.db.all<{ id: string }>(
    "SELECT DISTINCT above.value AS id FROM projects, json_each(coalesce(projects.path, '[]')) AS above WHERE projects.id IN (SELECT value FROM json_each(?))",
    JSON.stringify(ids),
  );
  return [...new Set([...ids, ...above.map((row) => row.id)])];
}
