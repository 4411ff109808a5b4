import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, requiredTextList, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { many } from "./many.ts";
import { removeEverywhere } from "./queue-entries.ts";
import { changeStatus, stateOf } from "./statuses.ts";
import { dequeue } from "./task-life.ts";
import { artifactsOf, modelsOf, sortedArtifacts } from "./task-shapes.ts";

/** Tasks made new, put away and deleted (clearml-api.md 3.2, 3.4). */
const CLEARED: Document = {
  last_iteration: 0,
  last_metrics: {},
  metric_stats: {},
  runtime: {},
  last_worker: null,
  last_worker_report: null,
  started: null,
  completed: null,
  published: null,
  active_duration: null,
  enqueue_status: null,
};

function reset(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  const force = flagOf(body, "force");
  if (state["status"] === "published" && !force)
    throw new ApiFault(400, 110, "Invalid task status", { current_status: "published", new_status: "created" });
  const whole = findDocument(call.db, TASK, id, ["execution", "script", "models", "output"]) as Record<string, Document>;
  const dequeued = removeEverywhere(call, id);
  const urls = eventUrls(call, body, id);
  deleteEventsOf(call, id);
  const deletedModels = flagOf(body, "delete_output_models", true) ? deleteDraftModels(call, id) : 0;
  const changes = { ...CLEARED, ...emptied(whole, flagOf(body, "clear_all")) };
  const reply = changeStatus(call, { task: id, to: "created", reason: "reset", message: "reset", force: true, changes });
  return {
    ...reply,
    dequeued: dequeued > 0 ? { removed: dequeued } : {},
    deleted_models: deletedModels,
    updated_children: 0,
    updated_models: 0,
    ...urls,
  };
}

/** Output artifacts and models go, inputs stay; `clear_all` also forgets what to run. */
function emptied(task: Record<string, Document>, clearAll: boolean): Document {
  const { queue: _, ...execution } = task["execution"] ?? {};
  const artifacts = sortedArtifacts(artifactsOf(task)).filter((item) => item["mode"] === "input");
  const { result: __, error: ___, ...output } = task["output"] ?? {};
  const models = { input: modelsOf(task, "input"), output: [] };
  return {
    output,
    models,
    execution: clearAll ? { parameters: {}, artifacts: [] } : { ...execution, artifacts },
    ...(clearAll ? { script: { binary: "python", repository: "", entry_point: "", requirements: {} } } : {}),
  };
}

function deleteDraftModels(call: Call, task: string): number {
  return call.db.run("DELETE FROM models WHERE task = ? AND coalesce(ready, 0) = 0", task);
}

function eventUrls(call: Call, body: Body, task: string): object {
  if (!flagOf(body, "return_file_urls")) return {};
  const events = call.db.all<{ url: string }>(
    "SELECT DISTINCT json_extract(fields, '$.url') AS url FROM other_events WHERE task = (SELECT seq FROM tasks WHERE id = ?) AND url IS NOT NULL",
    task,
  );
  const models = call.db.all<{ uri: string }>("SELECT uri FROM models WHERE task = ? AND uri IS NOT NULL", task);
  const outputs = artifactsOf(findDocument(call.db, TASK, task, ["execution"]) ?? {}).filter((item) => item["mode"] !== "input");
  const artifacts = outputs.flatMap((item) => (typeof item["uri"] === "string" ? [item["uri"]] : []));
  return { urls: { event_urls: events.map((row) => row.url), model_urls: models.map((row) => row.uri), artifact_urls: artifacts } };
}

function deleteTask(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  const archived = (state["system_tags"] as string[]).includes("archived");
  if (state["status"] !== "created" && !archived && !flagOf(body, "force")) {
    throw new ApiFault(400, 123, "Task cannot be deleted", {
      reason: "task is neither a draft nor archived",
      status: state["status"],
      task: id,
    });
  }
  const urls = eventUrls(call, body, id);
  removeEverywhere(call, id);
  deleteEventsOf(call, id);
  const children = call.db.run("UPDATE tasks SET parent = ? WHERE parent = ?", `__DELETED__${id}`, id);
  const deletedModels = flagOf(body, "delete_output_models", true) ? deleteDraftModels(call, id) : 0;
  const updatedModels = call.db.run("UPDATE models SET task = ? WHERE task = ?", `__DELETED__${id}`, id);
  call.db.run("DELETE FROM tasks WHERE id = ?", id);
  call.effects.tasks.add(id);
  return { deleted: true, updated_children: children, updated_models: updatedModels, deleted_models: deletedModels, ...urls };
}

function archive(call: Call, id: string): void {
  const state = stateOf(call, id);
  removeEverywhere(call, id);
  if (state["status"] === "queued") dequeue(call, { task: id });
  if (state["status"] === "in_progress") changeStatus(call, { task: id, to: "stopped", reason: "archived", force: true });
  const tags = [...new Set([...(state["system_tags"] as string[]), "archived"])].toSorted();
  updateDocument(call.db, TASK, id, { system_tags: tags, last_change: wireDate(call.nowMs) });
}

function unarchive(call: Call, id: string): void {
  const tags = (stateOf(call, id)["system_tags"] as string[]).filter((tag) => tag !== "archived");
  updateDocument(call.db, TASK, id, { system_tags: tags, last_change: wireDate(call.nowMs) });
}

function archiveOne(call: Call, body: Body): object {
  archive(call, requiredText(body, "task"));
  return { archived: true };
}

function unarchiveOne(call: Call, body: Body): object {
  unarchive(call, requiredText(body, "task"));
  return { unarchived: true };
}

export const TASK_REMOVAL_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.reset", reset),
  write("tasks.delete", deleteTask),
  write("tasks.archive", (call, body) => {
    const ids = requiredTextList(body, "tasks");
    for (const id of ids) archive(call, id);
    return { archived: ids.length };
  }),
  write("tasks.reset_many", many(reset)),
  write("tasks.delete_many", many(deleteTask)),
  write("tasks.archive_many", many(archiveOne)),
  write("tasks.unarchive_many", many(unarchiveOne)),
];
