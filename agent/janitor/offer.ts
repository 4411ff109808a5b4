import { ApiError, isRefusal } from "../../api/api-error.ts";
import type { QueueId } from "../../api/wire/ids.ts";
import type { Client } from "../client.ts";
import { type LostTask, readAgain } from "./lost-tasks.ts";

/** Why a task was not offered after all; undefined: it was. */
export type Refusal = string | undefined;

/** A lost answer is not asked for again: whether it worked is seen by the next pass. */
const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };

/**
 * Puts a lost task at the front of its queue, if nothing happened to it since. The server lets one of several callers put it
 * back (706). Should it have been put back, taken and started between our look and our putting, our entry is taken out again.
 */
export async function offer(lost: LostTask, queue: QueueId, client: Client, signal?: AbortSignal): Promise<Refusal> {
  const now = await readAgain(client, lost.id, signal);
  if (now === undefined) return "it is not queued any more";
  if (now.mark !== lost.mark || now.queue !== lost.queue) return "it was changed just now";
  try {
    await client.queues.addTask(queue, lost.id, { signal, retry: ONCE });
  } catch (error) {
    const why = refusalOf(error);
    if (why === undefined) throw error;
    return why;
  }
  await client.queues.moveToFront(queue, lost.id, { signal }).catch(forgiveTaken);
  if ((await readAgain(client, lost.id, signal)) !== undefined) return undefined;
  await client.queues.removeTask(queue, lost.id, { signal, retry: ONCE }).catch(forgiveTaken);
  return undefined;
}

function refusalOf(error: unknown): Refusal {
  if (isRefusal(error, 706)) return "it is back in its queue";
  if (isRefusal(error, 701)) return "its queue was deleted just now";
  if (isRefusal(error, 101)) return "it was deleted just now";
  return error instanceof ApiError && error.uncertain ? "the answer was lost; the next pass sees what became of it" : undefined;
}

/** An agent may take it at once. */
function forgiveTaken(error: unknown): void {
  if (!isRefusal(error, 701, 703)) throw error;
}
