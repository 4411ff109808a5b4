import type { Condition } from "../store/conditions.ts";

/** Conditions on documents as the queries about projects need them. */
/** Projects below one of these, at any depth. `projects.path`, since `path` alone would be a column of `json_each`. */
export const isBelow = (projects: readonly string[]): Condition => ({
  sql: `EXISTS (SELECT 1 FROM json_each(coalesce(projects.path, '[]')) AS above WHERE above.value IN (SELECT value FROM json_each(?)))`,
  values: [JSON.stringify(projects)],
});

/** Own documents and public ones, without those only own. */
export const visibleTo = (company: string, allowPublic = true): Condition => ({
  sql: allowPublic ? "company IN (?, '')" : "company = ?",
  values: [company],
});

/** Whether a list column holds a tag; the text search first, since it costs little where most rows have none. */
export function hasTag(column: string, tag: string): string {
  return `(coalesce(instr(${column}, '"${tag}"'), 0) > 0 AND EXISTS (SELECT 1 FROM json_each(${column}) AS tag WHERE tag.value = '${tag}'))`;
}

export const ARCHIVED = hasTag("system_tags", "archived");
