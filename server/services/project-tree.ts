import type { Call } from "../endpoint.ts";
import { ANY_OF, type Condition } from "../store/filters.ts";

/** Projects and what is below them. `projects.path`, since `path` alone would be a column of `json_each`. */
const BELOW = `EXISTS (SELECT 1 FROM json_each(coalesce(projects.path, '[]')) AS above WHERE above.value IN ${ANY_OF})`;

/** The ids of all projects below these, at any depth; the given ones are not among them. */
export function idsBelow(call: Call, projects: readonly string[]): string[] {
  return call.db.all<{ id: string }>(`SELECT id FROM projects WHERE ${BELOW}`, JSON.stringify(projects)).map((row) => row.id);
}

export function withBelow(call: Call, projects: readonly string[]): string[] {
  return [...new Set([...projects, ...idsBelow(call, projects)])];
}

export const isBelow = (projects: readonly string[]): Condition => ({ sql: BELOW, values: [JSON.stringify(projects)] });

export const oneOf = (column: string, ids: readonly string[]): Condition => ({
  sql: `${column} IN ${ANY_OF}`,
  values: [JSON.stringify(ids)],
});

/** Whether a list column holds a tag; the text search first, since it costs little where most rows have none. */
export function hasTag(column: string, tag: string): string {
  return `(coalesce(instr(${column}, '"${tag}"'), 0) > 0 AND EXISTS (SELECT 1 FROM json_each(${column}) AS tag WHERE tag.value = '${tag}'))`;
}

export const ARCHIVED = hasTag("system_tags", "archived");
