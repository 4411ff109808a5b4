import { integerOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";

/**
 * Addresses of files that go with what was deleted (`delete_external_artifacts`, clearml-tasks-events.md 7.1). They wait here
 * for the file cleaning (files/file-cleaning.ts), over a restart too. What came to be at an address after it was written down
 * stays: a run after a reset uploads to the same addresses.
 */
export function doomFiles(call: Call, urls: readonly unknown[], atMs: number = call.nowMs): void {
  const sql = "INSERT INTO doomed_files (url, at) SELECT DISTINCT value, ? FROM json_each(?) WHERE value LIKE 'http%'";
  if (urls.length > 0) call.db.run(sql, atMs, JSON.stringify(urls));
}

export interface DoomedFile {
  readonly seq: number;
  readonly url: string;
  readonly at: number;
}

const AT_ONCE = 1000;

function doomedFiles(call: Call): object {
  return { files: call.db.all<DoomedFile>("SELECT seq, url, at FROM doomed_files ORDER BY seq LIMIT ?", AT_ONCE) };
}

function filesGone(call: Call, body: Body): object {
  call.db.run("DELETE FROM doomed_files WHERE seq <= ?", integerOf(body, "until") ?? 0);
  return {};
}

/** Where the models and the artifacts that are still there lie, in slices after `after`; `last` is missing after the last slice. */
const NAMED = {
  models: { column: "uri", sql: "SELECT uri AS url FROM slice" },
  tasks: { column: "execution", sql: "SELECT json_extract(value, '$.uri') AS url FROM slice, json_each(slice.execution, '$.artifacts')" },
};

function namedFiles(call: Call, body: Body): object {
  const [table, after] = [body["table"] === "models" ? "models" : "tasks", integerOf(body, "after") ?? 0] as const;
  const { column, sql } = NAMED[table];
  const slice = `SELECT seq, ${column} FROM ${table} WHERE seq > ? ORDER BY seq LIMIT ${AT_ONCE}`;
  const rows = call.db.all<{ url: string | null }>(`WITH slice AS (${slice}) ${sql}`, after);
  const last = call.db.get<{ last: number | null }>(`SELECT max(seq) AS last FROM (${slice})`, after)?.last ?? undefined;
  return { urls: rows.flatMap(({ url }) => url ?? []), last };
}

export const DOOMED_FILE_ENDPOINTS: readonly Endpoint[] = [
  read("internal.doomed_files", doomedFiles),
  read("internal.named_files", namedFiles),
  write("internal.files_gone", filesGone),
];
