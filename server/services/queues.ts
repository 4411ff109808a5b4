import { newId } from "../../base/ids.ts";
import { ApiFault, invalidQueue, invalidTask } from "../api-fault.ts";
import { flagOf, integerOf, mapOf, nameOf, requiredText, tagsOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, QUEUE_LIST, read, write } from "../endpoint.ts";
import { type Document, findDocument, insertDocument, updateDocument } from "../store/documents.ts";
import { QUEUE, TASK } from "../store/kinds.ts";
import { pathsIn } from "../store/projection.ts";
import { getAll, listReply } from "./get-all.ts";
import { QUEUES } from "./query-fields.ts";
import { append, countOf, entriesOf, remove, removeEverywhere, requireQueue } from "./queue-entries.ts";
import { changeStatus } from "./statuses.ts";

/** The queue of that name, made when there is none: `tasks.enqueue` with `queue_name`. */
export function ensureQueue(call: Call, name: string): string {
  const known = call.db.get<{ id: string }>("SELECT id FROM queues WHERE name = ?", name);
  return known?.id ?? createQueue(call, { name });
}

/** The company's default queue: the one tagged `default` (400/707 none, 708 several). */
export function defaultQueue(call: Call): { id: string; name: string } {
  const found = call.db.all<{ id: string; name: string }>(
    "SELECT id, name FROM queues WHERE EXISTS (SELECT 1 FROM json_each(coalesce(system_tags, '[]')) WHERE value = 'default')",
  );
  const [first] = found;
  if (first === undefined) throw new ApiFault(400, 707, "No default queue");
  if (found.length > 1) throw new ApiFault(400, 708, "Multiple default queues");
  return { id: first.id, name: first.name };
}

export function createQueue(call: Call, body: Body): string {
  const name = nameOf(body);
  if (call.db.get("SELECT 1 FROM queues WHERE name = ?", name) !== undefined)
    throw new ApiFault(400, 801, "Value combination already exists", { name });
  const id = newId();
  insertDocument(call.db, QUEUE, {
    id,
    name,
    display_name: textOf(body, "display_name"),
    user: call.caller.user,
    company: call.caller.company,
    created: wireDate(call.nowMs),
    last_update: wireDate(call.nowMs),
    tags: tagsOf(body, "tags") ?? [],
    system_tags: tagsOf(body, "system_tags") ?? [],
    metadata: mapOf(body, "metadata") ?? {},
  });
  call.effects.queues.add(QUEUE_LIST);
  return id;
}

/** `max_task_entries`: the first so many, negative the last, 0 all. */
function withEntries(call: Call, queue: Document, body: Body): Document {
  const most = integerOf(body, "max_task_entries") ?? 0;
  const entries = entriesOf(call, String(queue["id"]), most > 0 ? most : -1);
  return { ...queue, entries: most < 0 ? entries.slice(most) : entries };
}

function getById(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  const queue = findDocument(call.db, QUEUE, id);
  if (queue === undefined) throw invalidQueue(id);
  return { queue: withEntries(call, queue, body) };
}

/** Entries are found by the queue's id, which is shown only when it was asked for. */
export function listQueues(call: Call, body: Body): object {
  const asked = pathsIn(body);
  const included = asked.filter((path) => !path.startsWith("-"));
  const isWhole = included.length === 0;
  if (isWhole ? asked.includes("-entries") : !included.some((path) => path.split(".")[0] === "entries"))
    return listReply("queues", getAll(call, QUEUES, body));
  const result = getAll(call, QUEUES, { ...body, projection: isWhole ? asked : [...asked, "id"] });
  return listReply("queues", result, (queue) => {
    const { id, ...rest } = withEntries(call, queue, body);
    return isWhole || included.includes("id") ? { id, ...rest } : rest;
  });
}

function update(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  requireQueue(call, id);
  const changes: Document = {
    tags: tagsOf(body, "tags"),
    system_tags: tagsOf(body, "system_tags"),
    metadata: mapOf(body, "metadata"),
    display_name: textOf(body, "display_name"),
  };
  if (textOf(body, "name") !== undefined) changes["name"] = nameOf(body);
  const fields = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  updateDocument(call.db, QUEUE, id, { ...fields, last_update: wireDate(call.nowMs) });
  return { updated: 1, fields };
}

function deleteQueue(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  requireQueue(call, id);
  const waiting = entriesOf(call, id);
  if (waiting.length > 0 && !flagOf(body, "force")) throw new ApiFault(400, 702, "Queue is not empty", { queue: id });
  for (const { task } of waiting) backToBefore(call, task, id);
  call.db.run("DELETE FROM queue_entries WHERE queue = ?", id);
  call.db.run("DELETE FROM queues WHERE id = ?", id);
  call.effects.queues.add(QUEUE_LIST);
  return { deleted: 1 };
}

function addTask(call: Call, body: Body): object {
  const [queue, task] = [requiredText(body, "queue"), requiredText(body, "task")];
  const document = findDocument(call.db, TASK, task, ["execution"]);
  if (document === undefined) throw invalidTask(task);
  append(call, queue, task);
  updateDocument(call.db, TASK, task, { execution: { ...(document["execution"] as object), queue }, last_change: wireDate(call.nowMs) });
  return { added: 1 };
}

function getNextTask(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  requireQueue(call, queue);
  const [entry] = entriesOf(call, queue, 1);
  const wanted = textOf(body, "task");
  if (entry === undefined || (wanted !== undefined && wanted !== entry.task)) return {};
  remove(call, queue, entry.task);
  const task = findDocument(call.db, TASK, entry.task, ["status", "company", "user"]);
  if (task?.["status"] === "stopped") changeStatus(call, { task: entry.task, to: "queued", force: true });
  const info = flagOf(body, "get_task_info") && task !== undefined ? { task_info: { company: task["company"], user: task["user"] } } : {};
  return { entry, ...info };
}

function removeTask(call: Call, body: Body): object {
  const [queue, task] = [requiredText(body, "queue"), requiredText(body, "task")];
  if (!remove(call, queue, task))
    throw new ApiFault(400, 703, "Invalid queue id or task not in queue", { task, id: queue, company: call.caller.company });
  if (flagOf(body, "update_task_status")) backToBefore(call, task, queue);
  return { removed: 1 };
}

function backToBefore(call: Call, task: string, queue: string): void {
  const state = findDocument(call.db, TASK, task, ["status", "enqueue_status", "execution"]);
  if (state?.["status"] !== "queued") return;
  const { queue: _, ...execution } = state["execution"] as Record<string, unknown>;
  const to = String(state["enqueue_status"] ?? "created");
  changeStatus(call, {
    task,
    to,
    reason: `Task was removed from the queue ${queue}`,
    force: true,
    changes: { enqueue_status: null, execution },
  });
}

function clearQueue(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  requireQueue(call, queue);
  const removed = entriesOf(call, queue).map(({ task }) => ({
    id: task,
    name: call.db.get<{ name: string }>("SELECT name FROM tasks WHERE id = ?", task)?.name,
  }));
  call.db.run("DELETE FROM queue_entries WHERE queue = ?", queue);
  for (const { id } of removed) {
    backToBefore(call, id, queue);
    removeEverywhere(call, id);
  }
  return { removed_tasks: removed };
}

export const QUEUE_ENDPOINTS: readonly Endpoint[] = [
  read("queues.get_by_id", getById),
  read("queues.get_all", listQueues),
  read("queues.get_default", (call) => defaultQueue(call)),
  write("queues.create", (call, body) => ({ id: createQueue(call, body) })),
  write("queues.update", update),
  write("queues.delete", deleteQueue),
  write("queues.add_task", addTask),
  write("queues.get_next_task", getNextTask),
  read("queues.peek_task", (call, body) => {
    const queue = requiredText(body, "queue");
    requireQueue(call, queue);
    return { task: entriesOf(call, queue, 1)[0]?.task ?? null };
  }),
  read("queues.get_num_entries", (call, body) => {
    const queue = requiredText(body, "queue");
    requireQueue(call, queue);
    return { num: countOf(call, queue) };
  }),
  write("queues.remove_task", removeTask),
  write("queues.clear_queue", clearQueue),
];
