import type { Call } from "../endpoint.ts";

/** The projects of these ids and all below them, whether the ids exist or not. */
export function withDescendants(call: Call, ids: readonly string[]): string[] {
  const rows = call.db.all<{ id: string }>(
    `WITH RECURSIVE below (id) AS (
       SELECT value FROM json_each(?) UNION SELECT projects.id FROM projects JOIN below ON projects.parent = below.id
     ) SELECT id FROM below`,
    JSON.stringify(ids),
  );
  return rows.map((row) => row.id);
}
