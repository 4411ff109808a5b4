import { ApiFault, publicObject } from "../api-fault.ts";
import type { Call } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";

/** Who reaches which task (clearml-tasks-events.md 1): own and public ones are read, only own ones written. */
type Fields = readonly string[] | undefined;

/** A task to read; 400/101. */
export function requireTask(call: Call, id: string, fields?: Fields): Document {
  const task = found(call, id, fields);
  if (task === undefined) throw new ApiFault(400, 101, "Invalid task id", { ids: [id] });
  return task;
}

/** A task to write; 400/101, and 403/21 for a public one. */
export function writableTask(call: Call, id: string, fields?: Fields): Document {
  const task = found(call, id, fields);
  if (task === undefined) throw new ApiFault(400, 101, "Invalid task id", { id, company: call.caller.company });
  if (task["company"] === "") throw publicObject("task", [id]);
  return task;
}

/** How many tasks one query of the official server gives; what it gives no more counts as missing where it is written. */
const AT_ONCE = 500;

/** Readers that demand all their tasks: each once, the first 500; when one is missing, the refusal lists all that were asked for. */
export function requireTasks(call: Call, ids: readonly string[], fields: Fields): Document[] {
  const distinct = [...new Set(ids)];
  const tasks = distinct.slice(0, AT_ONCE).map((id) => found(call, id, fields));
  const rest = distinct.slice(AT_ONCE).map((id) => found(call, id, ["id"]));
  if ([...tasks, ...rest].some((task) => task === undefined)) throw new ApiFault(400, 101, "Invalid task id", { ids });
  return tasks.filter((task) => task !== undefined);
}

/** Writers of lists: each task once, 500 at most; the refusal lists the missing ones. */
export function writableTasks(call: Call, ids: readonly string[], fields: Fields): Document[] {
  const distinct = [...new Set(ids)];
  const tasks = distinct.slice(0, AT_ONCE).map((id) => found(call, id, fields));
  const missing = distinct.filter((_, index) => tasks[index] === undefined);
  if (missing.length > 0) throw new ApiFault(400, 101, "Invalid task id", { ids: missing });
  const open = distinct.filter((_, index) => tasks[index]?.["company"] === "");
  if (open.length > 0) throw publicObject("task", open);
  return tasks.filter((task) => task !== undefined);
}

function found(call: Call, id: string, fields: Fields): Document | undefined {
  const task = findDocument(call.db, TASK, id, fields === undefined ? undefined : [...fields, "company"]);
  return task === undefined || task["company"] === call.caller.company || task["company"] === "" ? task : undefined;
}
