import { isRefusal } from "../api/api-error.ts";
import type { CallOptions } from "../api/session.ts";
import type { QueueId, TaskId } from "../api/wire/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Client } from "./client.ts";
import type { ClaimRecord } from "./journal.ts";

/** The queue was deleted since the claim (clearml-api.md 1.8); its name makes it again. */
const UNKNOWN_QUEUE = 701;

/**
 * Puts a task back into the queue that it was claimed from. `put` calls the server for the queue with its id; `note` is what
 * `tasks.enqueue` says of the task otherwise.
 */
export async function enqueueAgain(
  record: ClaimRecord,
  put: (queue: QueueId) => Promise<void>,
  note: { readonly status_reason: string; readonly force?: boolean },
  deps: { readonly client: Client; readonly logger: Logger },
  call: CallOptions,
): Promise<void> {
  const { task, queue, queueName: name } = record;
  try {
    await put(queue as QueueId);
  } catch (error) {
    if (!isRefusal(error, UNKNOWN_QUEUE) || name === undefined) throw error;
    deps.logger.warn({ task, queue: name }, "the queue of a task was deleted since it was taken; made again by its name");
    const reason = `${note.status_reason}; its queue was deleted and is made again`;
    await deps.client.tasks.enqueue(task as TaskId, { name }, { ...note, status_reason: reason }, call);
  }
}
