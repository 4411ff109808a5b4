import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../agent/client.ts";
import type { LogEvent } from "../api/wire/event.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";

const PAGE = 1000;
const LOOK_EVERY_MS = 250;
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

/** Shows the console until the task has ended and nothing more comes; the task as it ended. */
export async function followConsole(
  client: Client,
  task: TaskId,
  show: (event: LogEvent) => void,
  signal: AbortSignal,
  fromMs = -1,
): Promise<Task | undefined> {
  for (let from = fromMs; !signal.aborted; ) {
    const state = await client.tasks.get(task);
    from = await printConsole(client, task, show, from);
    if (ENDED.has(state.status)) return state;
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
