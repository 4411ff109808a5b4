import { ApiFault, SettledFault } from "../api-fault.ts";
import type { Call } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { MODEL } from "../store/kinds.ts";
import { doomFiles } from "./doomed-files.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { changedNow } from "./task-changes.ts";
import { DELETED } from "./task-references.ts";
import { artifactsOf, modelsOf } from "./task-shapes.ts";

/** What becomes of the children and models of a task that is reset or deleted (clearml-tasks-events.md 7.1). */
interface Model extends Record<string, unknown> {
  readonly id: string;
  readonly ready: number | null;
  readonly uri: string | null;
}

export interface Cleanup {
  readonly updatedChildren: number;
  readonly updatedModels: number;
  readonly deletedModels: number;
  readonly urls: { readonly model_urls: string[]; readonly artifact_urls: string[]; readonly event_urls: string[] };
}

export interface CleanupOptions {
  readonly force: boolean;
  readonly deletesModels: boolean;
  /** Files of artifacts, deleted models and images go too. */
  readonly deletesFiles: boolean;
  /** The task itself goes: its children and remaining models say that it was deleted. Else they just lose it, children nothing. */
  readonly isDeleted: boolean;
}

/** Carries it out; 400/123 without force when something published hangs on the task. What was dequeued before stays so. */
export function cleanUp(call: Call, task: Document, { force, deletesModels, deletesFiles, isDeleted }: CleanupOptions): Cleanup {
  const id = String(task["id"]);
  const models = modelsOfTask(call, task);
  if (!force) requireNothingPublished(call, id, models);
  const inUse = new Set([...models.values()].filter((model) => model.ready !== 1 && isInput(call, model.id)).map((model) => model.id));
  const unused = [...models.values()].filter((model) => model.ready !== 1 && !inUse.has(model.id));
  const deleted = deletesModels ? unused : [];
  const left = [...models.values()].filter((model) => !deleted.includes(model));
  if (deletesFiles) doomFiles(call, [...artifactUris(task), ...deleted.map((model) => model.uri)]);
  for (const model of deleted) deleteModel(call, model.id, deletesFiles);
  deleteEventsOf(call, id, deletesFiles);
  for (const model of left) releaseModel(call, model.id, isDeleted && !(deletesModels && inUse.has(model.id)) ? `${DELETED}${id}` : null);
  return {
    updatedChildren: isDeleted ? releaseChildren(call, id) : 0,
    updatedModels: isDeleted ? left.filter((model) => !(deletesModels && inUse.has(model.id))).length : 0,
    deletedModels: deleted.length,
    urls: { model_urls: distinct(unused.map((model) => model.uri)), artifact_urls: distinct(artifactUris(task)), event_urls: [] },
  };
}

function deleteModel(call: Call, model: string, withFiles: boolean): void {
  deleteEventsOf(call, model, withFiles);
  call.db.run("DELETE FROM models WHERE id = ?", model);
}

interface TaskModel extends Model {
  readonly isCreated: boolean;
}

/** Those that the task created, and those among its output models; each once. */
function modelsOfTask(call: Call, task: Document): Map<string, TaskModel> {
  const created = call.db.all<Model>("SELECT id, ready, uri FROM models WHERE task = ?", String(task["id"]));
  const ids = modelsOf(task, "output").map((item) => item["model"]);
  const named = call.db.all<Model>("SELECT id, ready, uri FROM models WHERE id IN (SELECT value FROM json_each(?))", JSON.stringify(ids));
  const all = [...named.map((model) => ({ ...model, isCreated: false })), ...created.map((model) => ({ ...model, isCreated: true }))];
  return new Map(all.map((model) => [model.id, model]));
}

function requireNothingPublished(call: Call, task: string, models: ReadonlyMap<string, TaskModel>): void {
  const children = call.db.get<{ n: number }>("SELECT count(*) AS n FROM tasks WHERE parent = ? AND status = 'published'", task)?.n ?? 0;
  if (children > 0) throw undeletable("has children", { task, children });
  const ready = [...models.values()].filter((model) => model.ready === 1);
  const created = ready.filter((model) => model.isCreated).length;
  if (created > 0) throw undeletable("has output models", { task, models: created });
  if (ready[0] !== undefined) throw undeletable("has output model", { task, model: ready[0].id });
}

/** Both calls have taken the task off its queue by now, and it stays off. */
function undeletable(why: string, details: Record<string, unknown>): ApiFault {
  return SettledFault.of(new ApiFault(400, 123, `Task cannot be deleted (${why}, use force=True)`, details));
}

function isInput(call: Call, model: string): boolean {
  return call.db.get("SELECT 1 FROM input_models WHERE model = ?", model) !== undefined;
}

function releaseModel(call: Call, model: string, task: string | null): void {
  updateDocument(call.db, MODEL, model, { task, ...changedNow(call) });
}

function releaseChildren(call: Call, task: string): number {
  const { last_change: at, last_changed_by: by } = changedNow(call) as { last_change: string; last_changed_by: string };
  return call.db.run(
    "UPDATE tasks SET parent = ?, last_change = ?, last_changed_by = ? WHERE parent = ?",
    `${DELETED}${task}`,
    at,
    by,
    task,
  );
}

function artifactUris(task: Document): unknown[] {
  return artifactsOf(task)
    .filter((item) => item["mode"] !== "input")
    .map((item) => item["uri"]);
}

function distinct(urls: readonly unknown[]): string[] {
  return [...new Set(urls.filter((url) => typeof url === "string" && url !== ""))] as string[];
}
