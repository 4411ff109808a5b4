import type { Client } from "../agent/client.ts";
import { isRefusal } from "../api/api-error.ts";
import type { QueueId } from "../api/wire/ids.ts";
import type { Queue } from "../api/wire/queue.ts";
import { WindlassError } from "../base/errors.ts";

export interface ChosenQueue {
  readonly id: QueueId;
  readonly name: string;
}

/** Of a queue's name (clearml-services.md 12). */
const MIN_NAME = 3;

/**
 * The queue that a task goes to: the server's default one when none is named. A name that the server does not know is
 * refused with a list of those that it knows, since a task in a queue of a mistyped name waits for ever.
 */
export async function chooseQueue(client: Client, wanted: string | undefined, mayCreate: boolean): Promise<ChosenQueue> {
  if (wanted === undefined) return await defaultQueue(client);
  const queues = await client.queues.all();
  const found = findQueue(queues, wanted);
  if (found !== undefined) return found;
  if (wanted.trim().length < MIN_NAME)
    throw new WindlassError(`there is no queue "${wanted}", and there can be none`, {
      code: "no-such-queue",
      hint: `The name of a queue has ${MIN_NAME} characters at least.`,
    });
  if (mayCreate) return { id: await client.queues.create(wanted), name: wanted };
  const names = queues.map(({ name }) => name).toSorted();
  throw new WindlassError(`there is no queue "${wanted}" on ${client.session.apiServer}`, {
    code: "no-such-queue",
    hint: `${names.length === 0 ? "It has no queues" : `There are: ${names.join(", ")}`}. --create-queue makes it.`,
  });
}

/** By id, by name, by name in other letters, as the agent finds its queues. */
function findQueue(queues: readonly Queue[], wanted: string): Queue | undefined {
  const lower = wanted.toLowerCase();
  return (
    queues.find(({ id }) => id === wanted) ??
    queues.find(({ name }) => name === wanted) ??
    queues.find(({ name }) => name.toLowerCase() === lower)
  );
}

/** A server without any default queue gets the one that every agent serves. */
async function defaultQueue(client: Client): Promise<ChosenQueue> {
  try {
    return await client.queues.getDefault();
  } catch (error) {
    if (!isRefusal(error, 707, 708)) throw error;
    return await chooseQueue(client, "default", true);
  }
}
