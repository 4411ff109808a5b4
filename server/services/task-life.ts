import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, requiredTextList, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { MODEL, TASK } from "../store/kinds.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { append, placeOf, remove, removeEverywhere } from "./queue-entries.ts";
import { defaultQueue, ensureQueue } from "./queues.ts";
import { changeStatus, noteOf, type StatusReply, stateOf } from "./statuses.ts";
import { sortedArtifacts } from "./task-document.ts";

/** The life of a task: started, stopped, enqueued, reset, deleted (clearml-api.md 3.2 to 3.4, 12). */

/** An agent counts as alive when its task was updated within this time; then `stop` asks it instead of ending the task. */
const AGENT_ALIVE_MS = 600_000;

function started(call: Call, body: Body): object {
  const id = textOf(body, "task");
  if (id === undefined || findDocument(call.db, TASK, id, ["id"]) === undefined)
    throw new ApiFault(400, 10, "Invalid object id", { task: id ?? "None" });
  const state = stateOf(call, id);
  const goesOn = state["status"] === "in_progress" && state["started"] !== undefined;
  const fresh = { started: wireDate(call.nowMs), completed: null, active_duration: 0 };
  const reply = changeStatus(call, { task: id, to: "in_progress", ...noteOf(body), ...(goesOn ? {} : { changes: fresh }) });
  return { ...reply, started: 1 };
}

function ended(to: string): (call: Call, body: Body) => object {
  return (call, body) =>
    changeStatus(call, { task: requiredText(body, "task"), to, ...noteOf(body), changes: { completed: wireDate(call.nowMs) } });
}

function completed(call: Call, body: Body): object {
  const reply = ended("completed")(call, body) as StatusReply;
  if (!flagOf(body, "publish")) return { ...reply, published: 0 };
  const published = publish(call, body) as StatusReply;
  return { ...reply, fields: { ...reply.fields, ...published.fields }, published: 1 };
}

function publish(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const reply = changeStatus(call, { task: id, to: "published", ...noteOf(body), changes: { published: wireDate(call.nowMs) } });
  if (flagOf(body, "publish_model", true)) publishLastModel(call, id);
  return { ...reply, committed_versions_results: [] };
}

function publishLastModel(call: Call, id: string): void {
  const models = findDocument(call.db, TASK, id, ["models"])?.["models"] as Record<string, Document[]> | undefined;
  const last = models?.["output"]?.at(-1)?.["model"];
  if (typeof last === "string") updateDocument(call.db, MODEL, last, { ready: true, last_update: wireDate(call.nowMs) });
}

/** Asks a live agent to end the task (`stopping`), else ends it here; the caller's message is ignored, the reason kept. */
function stop(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  const development = (state["system_tags"] as string[]).includes("development");
  const silent = call.nowMs - Date.parse(String(state["last_update"])) > AGENT_ALIVE_MS;
  const reason = textOf(body, "status_reason") ?? "";
  const direct = state["status"] === "queued" || development || state["last_worker"] === undefined || silent;
  if (!direct) return changeStatus(call, { task: id, to: String(state["status"]), reason, message: "stopping", force: true });
  const reply = changeStatus(call, {
    task: id,
    to: "stopped",
    reason,
    message: `Stopped by ${call.caller.userName}`,
    force: flagOf(body, "force"),
  });
  removeEverywhere(call, id);
  return reply;
}

function enqueue(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  const named = textOf(body, "queue_name");
  const queue = textOf(body, "queue") ?? (named === undefined ? defaultQueue(call).id : ensureQueue(call, named));
  if (placeOf(call, queue, id) !== undefined) throw new ApiFault(400, 706, "Task already queued", { task: id });
  const before = state["status"] === "queued" ? state["enqueue_status"] : state["status"];
  const execution = { ...(state["execution"] as object), queue };
  const reply = changeStatus(call, { task: id, to: "queued", ...noteOf(body), changes: { enqueue_status: before ?? null, execution } });
  append(call, queue, id);
  removeEverywhere(call, id, queue);
  const { execution: _, ...fields } = reply.fields;
  return { ...reply, fields: { ...fields, "execution.queue": queue, enqueue_status: before }, queued: 1, ...watched(call, body, queue) };
}

function watched(call: Call, body: Body, queue: string): object {
  if (!flagOf(body, "verify_watched_queue")) return {};
  const sql = "SELECT 1 FROM workers WHERE expires > ? AND EXISTS (SELECT 1 FROM json_each(queues) WHERE value = ?)";
  return { queue_watched: call.db.get(sql, call.nowMs, queue) !== undefined };
}

function dequeue(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = findDocument(call.db, TASK, id, ["status", "enqueue_status", "execution"]);
  if (state === undefined || flagOf(body, "remove_from_all_queues")) removeEverywhere(call, id);
  if (state === undefined || !["queued", "in_progress"].includes(String(state["status"]))) return { dequeued: 1, updated: 0 };
  const { queue, ...execution } = state["execution"] as Document;
  if (state["status"] === "queued" && typeof queue === "string") remove(call, queue, id);
  const to = textOf(body, "new_status") ?? String(state["enqueue_status"] ?? "created");
  const kept = to === "in_progress" ? { ...execution, queue } : execution;
  const reply = changeStatus(call, { task: id, to, ...noteOf(body), force: true, changes: { enqueue_status: null, execution: kept } });
  return { ...reply, dequeued: 1 };
}

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
  const artifacts = sortedArtifacts(Array.isArray(execution["artifacts"]) ? execution["artifacts"] : []).filter(
    (item) => item["mode"] === "input",
  );
  const { result: __, error: ___, ...output } = task["output"] ?? {};
  const models = { ...task["models"], output: [] };
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
  const execution = findDocument(call.db, TASK, task, ["execution"])?.["execution"] as
    | { artifacts?: { uri?: string; mode?: string }[] }
    | undefined;
  const artifacts = (execution?.artifacts ?? []).filter((item) => item.mode !== "input").flatMap((item) => item.uri ?? []);
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

function ping(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  stateOf(call, id);
  updateDocument(call.db, TASK, id, { last_update: wireDate(call.nowMs), last_change: wireDate(call.nowMs) });
  return {};
}

/** The `_many` form: every id by itself, with what failed and why (clearml-api.md 1.8). */
function many(one: (call: Call, body: Body) => object): (call: Call, body: Body) => object {
  return (call, body) => {
    const succeeded: object[] = [];
    const failed: object[] = [];
    for (const id of requiredTextList(body, "ids")) {
      try {
        succeeded.push({ id, ...one(call, { ...body, task: id }) });
      } catch (error) {
        if (!(error instanceof ApiFault)) throw error;
        failed.push({ id, error: { codes: [error.code, error.subcode], msg: error.message, data: {} } });
      }
    }
    return { succeeded, failed };
  };
}

function archiveOne(call: Call, body: Body): object {
  archive(call, requiredText(body, "task"));
  return { archived: true };
}

function unarchiveOne(call: Call, body: Body): object {
  unarchive(call, requiredText(body, "task"));
  return { unarchived: true };
}

export const TASK_LIFE_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.started", started),
  write("tasks.stopped", ended("stopped")),
  write("tasks.failed", ended("failed")),
  write("tasks.completed", completed),
  write("tasks.close", (call, body) => changeStatus(call, { task: requiredText(body, "task"), to: "closed", ...noteOf(body) })),
  write("tasks.publish", publish),
  write("tasks.stop", stop),
  write("tasks.enqueue", enqueue),
  write("tasks.dequeue", dequeue),
  write("tasks.reset", reset),
  write("tasks.delete", deleteTask),
  write("tasks.ping", ping),
  write("tasks.archive", (call, body) => {
    const ids = requiredTextList(body, "tasks");
    for (const id of ids) archive(call, id);
    return { archived: ids.length };
  }),
  write("tasks.stop_many", many(stop)),
  write("tasks.publish_many", many(publish)),
  write("tasks.enqueue_many", many(enqueue)),
  write("tasks.dequeue_many", many(dequeue)),
  write("tasks.reset_many", many(reset)),
  write("tasks.delete_many", many(deleteTask)),
  write("tasks.archive_many", many(archiveOne)),
  write("tasks.unarchive_many", many(unarchiveOne)),
];
