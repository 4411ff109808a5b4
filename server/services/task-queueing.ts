import { ApiFault, SettledFault } from "../api-fault.ts";
import { flagOf, requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { many } from "./many.ts";
import { append, remove, removeEverywhere } from "./queue-entries.ts";
import { defaultQueue, ensureQueue } from "./queues.ts";
import { changeStatus, noteOf, type StatusReply, stateOf, statusOf } from "./statuses.ts";
import { updateTask } from "./task-changes.ts";
import { requireReferences } from "./task-references.ts";

/** Tasks into queues and out of them (clearml-api.md 3.3, clearml-tasks-events.md 6). */
interface Queued extends StatusReply {
  readonly queued: number;
}

function enqueue(call: Call, body: Body): Queued {
  const id = requiredText(body, "task");
  if (textOf(body, "queue") && textOf(body, "queue_name"))
    throw new ApiFault(400, 12, "Validation error (Either queue id or queue name should be provided)");
  const state = stateOf(call, id);
  const isRecorded = flagOf(body, "update_execution_queue", true);
  if (!isRecorded) requireRecorded(state);
  const queue = queueOf(call, body);
  if (flagOf(body, "validate_tasks")) requireReferences(call, findDocument(call.db, TASK, id) ?? {});
  const before = state["status"] === "queued" ? (state["enqueue_status"] ?? "queued") : state["status"];
  const reply = changeStatus(call, { task: id, to: "queued", ...noteOf(body), changes: { enqueue_status: before } });
  appendOrRestore(call, queue, id, String(state["status"]));
  if (isRecorded) updateTask(call, id, { execution: { ...(state["execution"] as object), queue } });
  removeEverywhere(call, id, queue);
  return { ...reply, fields: { ...reply.fields, ...(isRecorded ? { "execution.queue": queue } : {}) }, queued: 1 };
}

function requireRecorded(state: Document): void {
  const { queue } = state["execution"] as Document;
  if (state["status"] === "queued" && typeof queue === "string") return;
  const why = "Cannot skip setting execution queue for a task that is not enqueued or does not have execution queue set";
  throw new ApiFault(400, 12, `Validation error (${why})`);
}

function queueOf(call: Call, body: Body): string {
  const name = textOf(body, "queue_name");
  if (name) return ensureQueue(call, name);
  return textOf(body, "queue") || defaultQueue(call).id;
}

/** What the queue refuses leaves its mark: the status is the earlier one again, the reason says that it was tried. */
function appendOrRestore(call: Call, queue: string, task: string, status: string): void {
  try {
    append(call, queue, task);
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error;
    changeStatus(call, { task, to: status, reason: "failed enqueueing", force: true, changes: { enqueue_status: null } });
    throw SettledFault.of(error);
  }
}

function isWatched(call: Call, { fields }: StatusReply): object {
  const sql = "SELECT 1 FROM workers WHERE expires > ? AND EXISTS (SELECT 1 FROM json_each(queues) WHERE value = ?)";
  return { queue_watched: call.db.get(sql, call.nowMs, String(fields["execution.queue"])) !== undefined };
}

function enqueueOne(call: Call, body: Body): object {
  const asksWatched = flagOf(body, "verify_watched_queue");
  if (asksWatched && !flagOf(body, "update_execution_queue", true))
    throw new ApiFault(400, 12, "Validation error (verify_watched_queue cannot be used with update_execution_queue=False)");
  const reply = enqueue(call, { ...body, validate_tasks: false });
  return { ...reply, ...(asksWatched ? isWatched(call, reply) : {}) };
}

function enqueueMany(call: Call, body: Body): object {
  const given = { ...body, force: false, update_execution_queue: true };
  const { succeeded, failed } = many<Queued>(enqueue)(call, given);
  const [first] = succeeded;
  const watched = first !== undefined && flagOf(body, "verify_watched_queue") ? isWatched(call, first) : {};
  return { succeeded: succeeded.map((item) => ({ ...item, queued: true })), failed, ...watched };
}

interface Dequeued {
  readonly updated: number;
  readonly fields: Document;
}

/** A task that is not there leaves nothing behind in the queues; one that neither waits nor runs is left as it is. */
function dequeue(call: Call, body: Body): Dequeued {
  const id = requiredText(body, "task");
  const to = statusOf(body, "new_status");
  if (findDocument(call.db, TASK, id, ["id"]) !== undefined)
    return outOfQueue(call, id, { ...noteOf(body), to, everywhere: flagOf(body, "remove_from_all_queues") });
  removeEverywhere(call, id);
  return { updated: 0, fields: {} };
}

interface WayOut {
  readonly to: string | undefined;
  readonly everywhere: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Takes a waiting task off its queue and gives it, or a running one, the status it had before, or another; the record of its queue stays. */
export function outOfQueue(call: Call, id: string, { to, everywhere, reason, message }: WayOut): Dequeued {
  const state = stateOf(call, id);
  const { queue } = state["execution"] as Document;
  if (state["status"] === "queued" && typeof queue === "string") remove(call, queue, id);
  if (everywhere) removeEverywhere(call, id);
  if (!["queued", "in_progress"].includes(String(state["status"]))) return { updated: 0, fields: {} };
  const next = to ?? String(state["enqueue_status"] ?? "created");
  return changeStatus(call, { task: id, to: next, reason, message, force: true, changes: { enqueue_status: null } });
}

export const TASK_QUEUEING_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.enqueue", enqueueOne),
  write("tasks.enqueue_many", enqueueMany),
  write("tasks.dequeue", (call, body) => ({ dequeued: 1, ...dequeue(call, body) })),
  write(
    "tasks.dequeue_many",
    many((call, body) => ({ dequeued: true, ...dequeue(call, body) })),
  ),
];
