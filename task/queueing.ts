import { exactly } from "../api/projects.ts";
import { WindlassError } from "../base/errors.ts";
import type { Connection } from "./connection/connection.ts";

/** Exactly one of the two. */
export type QueueChoice = { readonly queueName: string } | { readonly queueId: string };

/** What the server changed. */
export interface QueueChange {
  readonly queued?: number;
  readonly dequeued?: number;
  readonly updated: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export async function enqueue(connection: Connection, task: string, choice: QueueChoice, force = false): Promise<QueueChange> {
  const queue = "queueId" in choice ? choice.queueId : await queueNamed(connection, choice.queueName);
  if (force) await connection.call("tasks.reset", { task, force: true });
  return await connection.call<QueueChange>("tasks.enqueue", { task, queue, verify_watched_queue: false });
}

/** Takes a task off its queue; it is what it was before. */
export async function dequeue(connection: Connection, task: string): Promise<QueueChange> {
  return await connection.call<QueueChange>("tasks.dequeue", { task });
}

async function queueNamed(connection: Connection, name: string): Promise<string> {
  const { queues } = await connection.call<{ queues: { id: string; name: string }[] }>("queues.get_all", {
    name: exactly(name),
    only_fields: ["id", "name"],
    search_hidden: true,
  });
  const found = queues.find((queue) => queue.name === name);
  if (found !== undefined) return found.id;
  throw new WindlassError(`there is no queue named "${name}"`, { code: "no-queue", hint: "Queues are made in the web app." });
}
