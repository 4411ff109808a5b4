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
  /** A model that is still there has its file at this address. */
  readonly needed: 0 | 1;
}

const AT_ONCE = 100;

function doomedFiles(call: Call): object {
  const needed = "EXISTS (SELECT 1 FROM models WHERE uri = url) AS needed";
  return { files: call.db.all<DoomedFile>(`SELECT seq, url, at, ${needed} FROM doomed_files ORDER BY seq LIMIT ${AT_ONCE}`) };
}

function filesGone(call: Call, body: Body): object {
  call.db.run("DELETE FROM doomed_files WHERE seq <= ?", integerOf(body, "until") ?? 0);
  return {};
}

export const DOOMED_FILE_ENDPOINTS: readonly Endpoint[] = [
  read("internal.doomed_files", doomedFiles),
  write("internal.files_gone", filesGone),
];
