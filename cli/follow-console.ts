import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../agent/client.ts";
import { ApiError } from "../api/api-error.ts";
import type { LogEvent } from "../api/wire/event.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";

const PAGE = 1000;
const LOOK_EVERY_MS = 250;
/** Between two tries, each of which takes some seconds, while the server does not answer. */
const AWAY_MS = 1_000;
const ENDED = new Set(["completed", "failed", "stopped", "closed", "published", "created"]);

/** Shows a task's console from its beginning, in order, each event once; where it stopped. */
export async function printConsole(client: Client, task: TaskId, show: (event: LogEvent) => void, fromMs = -1): Promise<number> {
  for (let from = fromMs; ; ) {
    const { events } = await client.events.log(task, { fromTimestampMs: from, batchSize: PAGE });
    const last = events.at(-1);
    if (last === undefined) return from;
    for (const event of events) show(event);
    from = last.timestamp;
  }
}

/**
 * Shows the console until the task has ended and nothing more comes; the task as it ended. A server that is away is waited for:
 * the task goes on meanwhile.
 */
export async function followConsole(
  client: Client,
  task: TaskId,
  show: (event: LogEvent) => void,
  signal: AbortSignal,
  fromMs = -1,
): Promise<Task | undefined> {
  let from = fromMs;
  const showNext = (event: LogEvent): void => {
    show(event);
    from = event.timestamp;
  };
  for (let isAway = false; !signal.aborted; ) {
    try {
      const state = await client.tasks.get(task);
      await printConsole(client, task, showNext, from);
      if (ENDED.has(state.status)) return state;
      isAway = false;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      if (!isAway && !signal.aborted)
        process.stderr.write(`windlass: ${error.reason}; the task goes on, and is followed again once the server answers\n`);
      isAway = true;
    }
    await pause(isAway ? AWAY_MS : LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
