import { integerOf, requiredText } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { QUEUE } from "../store/kinds.ts";
import { pathsIn } from "../store/projection.ts";
import { getAll } from "./get-all.ts";
import { QUEUES } from "./query-fields.ts";
import { countOf, entriesOf, requireQueue } from "./queue-entries.ts";
import { shownMetadata } from "./queue-metadata.ts";
import { defaultQueue } from "./queues.ts";

/** Queues read: one, many, and with who waits and who serves (clearml-services.md 12). */
function getById(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  requireQueue(call, id);
  const queue = findDocument(call.db, QUEUE, id) ?? {};
  return { queue: { ...shownMetadata(call, queue), entries: entriesOf(call, id, limitOf(body)) } };
}

const limitOf = (body: Body): number => integerOf(body, "max_task_entries") ?? 0;

/** Never those of others, and no public ones. */
function ownQueues(call: Call, body: Body): { queues: Document[]; scroll_id?: string } {
  const { documents, scrollId } = getAll(call, QUEUES, body);
  return { queues: documents.map((queue) => shownMetadata(call, queue)), ...(scrollId === undefined ? {} : { scroll_id: scrollId }) };
}

/** Entries are no column: they are read by the queue's id, which is shown only where it was asked for. */
function list(call: Call, body: Body): object {
  const asked = pathsIn(body);
  const named = asked.filter((path) => !path.startsWith("-"));
  const wantsEntries = !asked.includes("-entries") && (named.length === 0 || named.some((path) => /^entries(\.|$)/.test(path)));
  const wantsId = named.length === 0 || named.includes("id");
  const { queues, ...rest } = ownQueues(call, wantsId ? body : { ...body, projection: [...asked, "id"] });
  const shown = queues.map(({ id, ...queue }) => ({
    ...(wantsId ? { id } : {}),
    ...queue,
    ...(wantsEntries ? { entries: partsOf(entriesOf(call, String(id), limitOf(body)), named) } : {}),
  }));
  return { queues: shown, ...rest };
}

/** `entries.task` alone shows of each entry the task. */
function partsOf(entries: readonly object[], named: readonly string[]): readonly object[] {
  const parts = named.filter((path) => path.startsWith("entries.")).map((path) => path.slice("entries.".length));
  if (parts.length === 0 || named.includes("entries")) return entries;
  return entries.map((entry) => Object.fromEntries(Object.entries(entry).filter(([name]) => parts.includes(name))));
}

/** Whole documents, whatever `only_fields` says, with the names of their tasks and the workers that serve them. */
function listEx(call: Call, body: Body): object {
  const { queues, ...rest } = ownQueues(call, { ...body, only_fields: undefined, projection: undefined });
  const workers = workersByQueue(call);
  const names = namesOfTasks(call);
  const shown = queues.map((queue) => ({
    ...queue,
    company: { id: queue["company"] },
    entries: entriesOf(call, String(queue["id"]), limitOf(body)).map(({ task, added }) => ({ task: names(task), added })),
    workers: (workers.get(String(queue["id"])) ?? []).map(({ id, ip, key, task }) => ({
      name: id,
      ip: ip ?? "",
      key,
      task: task === null ? null : names(task),
    })),
  }));
  return { queues: shown, ...rest };
}

interface Server {
  readonly id: string;
  readonly ip: string | null;
  readonly key: string;
  readonly task: string | null;
}

function workersByQueue(call: Call): Map<string, Server[]> {
  const sql = `SELECT queue.value AS queue, workers.id, ip, workers.key, task FROM workers, json_each(workers.queues) AS queue
    WHERE expires > ? AND company = ? GROUP BY queue.value, workers.key`;
  const rows = call.db.all<Server & { queue: string }>(sql, call.nowMs, call.caller.company);
  return Map.groupBy(rows, ({ queue }) => queue);
}

/** A task that was deleted has an id and no name. */
export function namesOfTasks(call: Call): (id: string) => { id: string; name?: string } {
  return (id) => {
    const name = call.db.get<{ name: string }>("SELECT name FROM tasks WHERE id = ?", id)?.name;
    return name === undefined ? { id } : { id, name };
  };
}

function peekTask(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  requireQueue(call, queue);
  return { task: entriesOf(call, queue, 1)[0]?.task ?? null };
}

function getNumEntries(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  requireQueue(call, queue, "queue_id");
  return { num: countOf(call, queue) };
}

export const QUEUE_LIST_ENDPOINTS: readonly Endpoint[] = [
  read("queues.get_by_id", getById),
  read("queues.get_all", list),
  read("queues.get_all_ex", listEx),
  read("queues.get_default", (call) => defaultQueue(call)),
  read("queues.peek_task", peekTask),
  read("queues.get_num_entries", getNumEntries),
];
