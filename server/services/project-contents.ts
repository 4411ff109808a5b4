import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { artifactsOf, modelsOf, SIDES } from "./task-shapes.ts";

/**
 * Everything inside some projects deleted, in whatever state; what stands elsewhere forgets it (clearml-services.md 2.3).
 * Entries of queues stay: a later pop hands out an id of no task, as there.
 */
export interface Deleted {
  readonly deleted: number;
  /** What they had stored outside this server. */
  readonly urls: string[];
}

const LIST = "(SELECT value FROM json_each(?))";
const DELETED = "__DELETED__";

export function deleteModelsIn(call: Call, projects: readonly string[], withFiles: boolean): Deleted {
  const inside = JSON.stringify(projects);
  const models = call.db.all<{ id: string; uri: string | null }>(`SELECT id, uri FROM models WHERE project IN ${LIST}`, inside);
  if (models.length > 0) forgetModels(call, inside, new Set(models.map((model) => model.id)));
  for (const { id } of models) deleteEventsOf(call, id, withFiles);
  const deleted = call.db.run(`DELETE FROM models WHERE project IN ${LIST}`, inside);
  return { deleted, urls: models.flatMap(({ uri }) => (uri === null || uri === "" ? [] : [uri])) };
}

/**
 * Tasks elsewhere, those that have the models as inputs and those that made them: an input that is gone says so, an output
 * too where the task is published; else it is taken off.
 */
function forgetModels(call: Call, inside: string, gone: ReadonlySet<string>): void {
  const users = call.db.all<{ id: string }>(
    `SELECT id FROM tasks WHERE coalesce(project, '') NOT IN ${LIST} AND id IN (
       SELECT task FROM input_models WHERE model IN ${LIST} UNION SELECT task FROM models WHERE project IN ${LIST})`,
    inside,
    JSON.stringify([...gone]),
    inside,
  );
  for (const { id } of users) {
    const task = findDocument(call.db, TASK, id, ["models", "status"]) ?? {};
    const [input, output] = SIDES.map((side) => modelsOf(task, side)) as [Document[], Document[]];
    const isGone = (item: Document): boolean => gone.has(String(item["model"]));
    const marked = (item: Document): Document => (isGone(item) ? { ...item, model: DELETED } : item);
    const left = task["status"] === "published" ? output.map(marked) : output.filter((item) => !isGone(item));
    const changed = output.some(isGone) ? { last_change: wireDate(call.nowMs) } : {};
    updateDocument(call.db, TASK, id, { models: { input: input.map(marked), output: left }, ...changed });
  }
}

export function deleteTasksIn(call: Call, projects: readonly string[], withFiles: boolean): Deleted {
  const inside = JSON.stringify(projects);
  const ids = call.db.all<{ id: string }>(`SELECT id FROM tasks WHERE project IN ${LIST}`, inside).map((row) => row.id);
  const list = JSON.stringify(ids);
  call.db.run(`UPDATE tasks SET parent = NULL WHERE parent IN ${LIST} AND coalesce(project, '') NOT IN ${LIST}`, list, inside);
  call.db.run(`UPDATE models SET task = NULL WHERE task IN ${LIST} AND coalesce(project, '') NOT IN ${LIST}`, list, inside);
  const urls = ids.flatMap((id) => outputUrls(call, id));
  for (const id of ids) {
    deleteEventsOf(call, id, withFiles);
    call.effects.tasks.add(id);
  }
  return { deleted: call.db.run(`DELETE FROM tasks WHERE project IN ${LIST}`, inside), urls };
}

function outputUrls(call: Call, task: string): string[] {
  return artifactsOf(findDocument(call.db, TASK, task, ["execution"]) ?? {})
    .filter((artifact) => artifact["mode"] !== "input")
    .flatMap(({ uri }) => (typeof uri === "string" && uri !== "" ? [uri] : []));
}
