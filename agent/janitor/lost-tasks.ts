import type { QueueId, TaskId } from "../../api/wire/ids.ts";
import type { Queue } from "../../api/wire/queue.ts";
import type { Client } from "../client.ts";

/** A task that is `queued` in no queue. */
export interface LostTask {
  readonly id: TaskId;
  readonly name: string;
  /** Where it says that it belongs. */
  readonly queue: QueueId | undefined;
  /** Differs after anything happened to the task. */
  readonly mark: string;
}

export interface Search {
  /** How many tasks are `queued` at all. */
  readonly queued: number;
  readonly lost: readonly LostTask[];
  readonly queues: ReadonlyMap<QueueId, Queue>;
  /** Task → the worker that names it. */
  readonly workers: ReadonlyMap<string, string>;
}

interface TaskRow {
  readonly id: TaskId;
  readonly name?: string;
  readonly status?: string;
  readonly status_changed?: string;
  readonly last_update?: string;
  readonly last_change?: string;
  readonly execution?: { readonly queue?: QueueId | null };
}

const FIELDS = ["id", "name", "status", "status_changed", "last_update", "last_change", "execution.queue"];
const PAGE = 500;

/**
 * Looks for lost tasks. The queues are read before the tasks and, where that leaves suspects, after them once more: a task that was
 * moved or enqueued meanwhile, or a queue that slipped to another page, is not taken for lost.
 */
export async function searchLostTasks(client: Client, signal?: AbortSignal): Promise<Search> {
  const before = waitingIn(await client.queues.all({ signal }));
  const tasks = await queuedTasks(client, signal);
  const suspects = tasks.filter((task) => !before.has(task.id));
  const queues = suspects.length === 0 ? [] : await client.queues.all({ signal });
  const after = waitingIn(queues);
  const workers = suspects.length === 0 ? [] : await client.workers.all(0, { signal });
  return {
    queued: tasks.length,
    lost: suspects.filter((task) => !after.has(task.id)),
    queues: new Map(queues.map((queue) => [queue.id, queue])),
    workers: new Map(workers.flatMap((worker) => (worker.task === undefined ? [] : [[worker.task.id, worker.id]]))),
  };
}

/** The same task as it is now; undefined when it is not `queued` any more. */
export async function readAgain(client: Client, id: TaskId, signal?: AbortSignal): Promise<LostTask | undefined> {
  const { tasks } = await client.session.call<{ tasks: TaskRow[] }>(
    "tasks.get_all",
    { id: [id], only_fields: FIELDS, search_hidden: true },
    { signal, needs: { tasks: "list" } },
  );
  const [task] = tasks;
  return task?.status === "queued" ? lostTask(task) : undefined;
}

function waitingIn(queues: readonly Queue[]): Set<TaskId> {
  return new Set(queues.flatMap((queue) => queue.entries.map((entry) => entry.task)));
}

/** Pages may shift while they are read: what is missed is found by the next pass. */
async function queuedTasks(client: Client, signal?: AbortSignal): Promise<LostTask[]> {
  const found: LostTask[] = [];
  for (let page = 0; ; page++) {
    const query = { status: ["queued"], only_fields: FIELDS, search_hidden: true, order_by: ["created"], page, page_size: PAGE };
    const { tasks } = await client.session.call<{ tasks: TaskRow[] }>("tasks.get_all", query, { signal, needs: { tasks: "list" } });
    found.push(...tasks.map(lostTask));
    if (tasks.length < PAGE) return found;
  }
}

function lostTask(row: TaskRow): LostTask {
  const mark = [row.status_changed, row.last_update, row.last_change].map((date) => date ?? "").join(" ");
  return { id: row.id, name: row.name ?? "", queue: row.execution?.queue ?? undefined, mark };
}
