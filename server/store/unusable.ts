import { WindlassError } from "../../base/errors.ts";

/** The sentence for a data file that does not open, with what to do about it. */
const DAMAGED = "The file is damaged. Put a backup in its place, or move it away (with -wal and -shm): the server then begins empty.";
const HINTS: ReadonlyMap<string | undefined, string> = new Map([
  ["SQLITE_NOTADB", DAMAGED],
  ["SQLITE_CORRUPT", DAMAGED],
  ["SQLITE_FULL", "Make room on the disk."],
  ["schema-too-new", "Start the version that wrote it, or a newer one."],
]);

export function unusable(path: string, { code, message }: { code: string | undefined; message: string }): WindlassError {
  return new WindlassError(`the server's data file ${path} cannot be used: ${message}`, {
    code: "data-file-unusable",
    hint: HINTS.get(code) ?? "Check that the disk is well and that this user may read and write the file and its folder.",
  });
}
