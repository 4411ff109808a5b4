import { flagOf, requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { append, entriesOf, notQueued, pop, remove, requireQueue } from "./queue-entries.ts";
import { addQueuePoint } from "./queue-points.ts";
import { changeStatus } from "./statuses.ts";

/** Tasks into a queue and out of it (clearml-api.md 5, 12; clearml-services.md 12). */

/** Of the task only `execution.queue` changes; whether there is such a task is not asked. */
function addTask(call: Call, body: Body): object {
  const [queue, task] = [requiredText(body, "queue"), requiredText(body, "task")];
  append(call, queue, task);
  const execution = findDocument(call.db, TASK, task, ["execution"])?.["execution"];
  if (execution !== undefined && flagOf(body, "update_execution_queue", true))
    updateDocument(call.db, TASK, task, { execution: { ...(execution as Document), queue } });
  return { added: 1 };
}

/** The head, which leaves the queue; its task stays as it is, except for one that was stopped while it waited. */
function getNextTask(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  requireQueue(call, queue);
  const entry = pop(call, queue, textOf(body, "task"));
  if (entry === undefined) return {};
  const task = findDocument(call.db, TASK, entry.task, ["status", "company", "user"]);
  if (task?.["status"] === "stopped") {
    updateDocument(call.db, TASK, entry.task, { status: "queued" });
    call.effects.tasks.add(entry.task);
  }
  const info = flagOf(body, "get_task_info") && task !== undefined ? { task_info: { company: task["company"], user: task["user"] } } : {};
  return { entry, ...info };
}

function removeTask(call: Call, body: Body): object {
  const [queue, task] = [requiredText(body, "queue"), requiredText(body, "task")];
  if (!remove(call, queue, task)) throw notQueued(call, queue, task);
  if (flagOf(body, "update_task_status")) backToBefore(call, queue, task, `Task was removed from the queue ${queue}`);
  return { removed: 1 };
}

function clearQueue(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  requireQueue(call, queue, "queue");
  return { removed_tasks: emptyQueue(call, queue, `Queue ${queue} was cleared`) };
}

/** Takes all entries off; the ids of the tasks that went back to what they were before. */
export function emptyQueue(call: Call, queue: string, reason: string): string[] {
  const tasks = entriesOf(call, queue).map(({ task }) => task);
  if (tasks.length === 0) return [];
  call.db.run("DELETE FROM queue_entries WHERE queue = ?", queue);
  addQueuePoint(call, queue);
  return tasks.filter((task) => backToBefore(call, queue, task, reason));
}

/** Only of a task of the caller's company that still belongs to this queue. */
function backToBefore(call: Call, queue: string, task: string, reason: string): boolean {
  const state = findDocument(call.db, TASK, task, ["company", "enqueue_status", "execution"]);
  const { queue: own, ...execution } = (state?.["execution"] ?? {}) as Document;
  if (own !== queue || state?.["company"] !== call.caller.company) return false;
  const to = String(state["enqueue_status"] ?? "created");
  changeStatus(call, { task, to, reason, force: true, changes: { enqueue_status: null, execution } });
  return true;
}

export const QUEUE_TASK_ENDPOINTS: readonly Endpoint[] = [
  write("queues.add_task", addTask),
  write("queues.get_next_task", getNextTask),
  write("queues.remove_task", removeTask),
  write("queues.clear_queue", clearQueue),
];
