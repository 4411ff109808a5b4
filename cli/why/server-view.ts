import type { Client } from "../../agent/client.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Queue } from "../../api/wire/queue.ts";
import type { Task } from "../../api/wire/task.ts";
import type { WorkerInfo } from "../../api/wire/worker.ts";

/** What the server knows about a task and about those who could run it. */
export interface ServerView {
  readonly url: string;
  readonly task: Pick<
    Task,
    | "id"
    | "name"
    | "status"
    | "status_reason"
    | "status_message"
    | "status_changed"
    | "started"
    | "completed"
    | "last_worker"
    | "last_update"
  >;
  /** Where it waits. */
  readonly place: Place | undefined;
  /** The queue that it was last put into, if it is still there. */
  readonly lastQueue: { readonly id: string; readonly name: string } | undefined;
  /** Workers seen within the last hour. */
  readonly workers: readonly WorkerInfo[];
  /** How many tasks wait in each queue, by its id. */
  readonly waiting: Readonly<Record<string, number>>;
}

export interface Place {
  readonly queue: { readonly id: string; readonly name: string };
  /** 1: the next one. */
  readonly position: number;
  readonly length: number;
  readonly added: string;
}

export async function serverView(client: Client, id: TaskId): Promise<ServerView> {
  const [task, queues, workers] = await Promise.all([client.tasks.get(id), client.queues.all(), client.workers.all()]);
  return {
    url: client.session.apiServer,
    task,
    place: placeOf(id, queues),
    lastQueue: queues.find((queue) => queue.id === task.execution.queue),
    workers,
    waiting: Object.fromEntries(queues.map((queue) => [queue.id, queue.entries.length])),
  };
}

function placeOf(id: TaskId, queues: readonly Queue[]): Place | undefined {
  for (const queue of queues) {
    const at = queue.entries.findIndex((entry) => entry.task === id);
    const entry = queue.entries[at];
    if (entry !== undefined) return { queue, position: at + 1, length: queue.entries.length, added: entry.added };
  }
  return undefined;
}

/** The workers that take from a queue. */
export function workersOn(queue: string, view: ServerView): WorkerInfo[] {
  return view.workers.filter((worker) => (worker.queues ?? []).some((each) => each.id === queue));
}
