import { isMap } from "../body.ts";
import type { Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/** `get_all_ex`: ids become objects, with the name where the caller asks for it (clearml-api.md 4.5). */
const TABLES: ReadonlyMap<string, string> = new Map([
  ["project", "projects"],
  ["user", "users"],
  ["parent", "tasks"],
  ["task", "tasks"],
]);

/** Paths through references (`project.name`) as the plain fields that hold the ids. */
export function plainPaths(paths: readonly string[]): string[] {
  return [
    ...new Set(
      paths.map((path) => (isReference(path) ? (path.split(".")[0] ?? path) : path.replace(/^execution\.queue\..*/, "execution.queue"))),
    ),
  ];
}

function isReference(path: string): boolean {
  const [first = "", second] = path.split(".");
  return second !== undefined && (first === "company" || TABLES.has(first));
}

export function expandReferences(call: Call, document: Document, paths: readonly string[]): Document {
  const result: Document = { ...document };
  for (const [field, table] of TABLES) {
    const id = document[field];
    if (typeof id === "string")
      result[field] = referenceTo(call, table, id, paths.length === 0 || paths.some((path) => path === `${field}.name`));
  }
  if (typeof document["company"] === "string") result["company"] = { id: document["company"] };
  const execution = document["execution"];
  if (isMap(execution) && typeof execution["queue"] === "string") {
    result["execution"] = { ...execution, queue: referenceTo(call, "queues", execution["queue"], true) };
  }
  return result;
}

function referenceTo(call: Call, table: string, id: string, named: boolean): Document {
  if (!named) return { id };
  const name = call.db.get<{ name: string }>(`SELECT name FROM ${table} WHERE id = ?`, id)?.name;
  return name === undefined ? { id } : { id, name };
}
