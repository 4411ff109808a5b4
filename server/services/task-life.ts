import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { MODEL, TASK } from "../store/kinds.ts";
import { many } from "./many.ts";
import { append, placeOf, remove, removeEverywhere } from "./queue-entries.ts";
import { defaultQueue, ensureQueue } from "./queues.ts";
import { changeStatus, noteOf, type StatusReply, stateOf, statusOf } from "./statuses.ts";
import { modelsOf } from "./task-shapes.ts";

/** The life of a task: started, stopped, enqueued, dequeued (clearml-api.md 3.2, 3.3, 12). */

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
  const last = modelsOf(findDocument(call.db, TASK, id, ["models"]) ?? {}, "output").at(-1)?.["model"];
  if (typeof last === "string") updateDocument(call.db, MODEL, last, { ready: true, last_update: wireDate(call.nowMs) });
}

/**
 * Asks a live agent to end the task (`stopping`), else ends it here; the caller's message is ignored, the reason kept. Of a
 * task that has ended meanwhile, recently and with an agent, only the message changes: the reason says why it ended, and stays.
 */
function stop(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  const development = (state["system_tags"] as string[]).includes("development");
  const silent = call.nowMs - Date.parse(String(state["last_update"])) > AGENT_ALIVE_MS;
  const reason = textOf(body, "status_reason") ?? "";
  const direct = state["status"] === "queued" || development || state["last_worker"] === undefined || silent;
  if (!direct) {
    const status = String(state["status"]);
    const kept = status === "in_progress" ? reason : String(state["status_reason"] ?? "");
    return changeStatus(call, { task: id, to: status, reason: kept, message: "stopping", force: true });
  }
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

export function dequeue(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const state = findDocument(call.db, TASK, id, ["status", "enqueue_status", "execution"]);
  if (state === undefined || flagOf(body, "remove_from_all_queues")) removeEverywhere(call, id);
  if (state === undefined || !["queued", "in_progress"].includes(String(state["status"]))) return { dequeued: 1, updated: 0 };
  const { queue, ...execution } = state["execution"] as Document;
  if (state["status"] === "queued" && typeof queue === "string") remove(call, queue, id);
  const to = statusOf(body, "new_status") ?? String(state["enqueue_status"] ?? "created");
  const kept = to === "in_progress" ? { ...execution, queue } : execution;
  const reply = changeStatus(call, { task: id, to, ...noteOf(body), force: true, changes: { enqueue_status: null, execution: kept } });
  return { ...reply, dequeued: 1 };
}

function ping(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  stateOf(call, id);
  updateDocument(call.db, TASK, id, { last_update: wireDate(call.nowMs), last_change: wireDate(call.nowMs) });
  return {};
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
  write("tasks.ping", ping),
  write("tasks.stop_many", many(stop)),
  write("tasks.publish_many", many(publish)),
  write("tasks.enqueue_many", many(enqueue)),
  write("tasks.dequeue_many", many(dequeue)),
];
