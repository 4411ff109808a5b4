import type { TaskStatus } from "../api/wire/task-types.ts";
import { backgroundClock, SECOND_MS } from "../base/clock.ts";
import { ONCE } from "../base/retry.ts";
import type { Connection } from "./connection/connection.ts";

const ASK_EVERY_MS = 2 * SECOND_MS;
const PING_EVERY = 15;

export interface AbortWatchOptions {
  readonly connection: Connection;
  readonly task: string;
  /** The status that this process gave the task last: that is no abort. */
  readonly ownStatus: () => TaskStatus;
  readonly signal: AbortSignal;
}

/** Tells the server that the program lives, and resolves when somebody stops the task there (true), or the signal aborts (false). */
export async function watchForAbort({ connection, task, ownStatus, signal }: AbortWatchOptions): Promise<boolean> {
  const query = { id: [task], only_fields: ["status", "status_message", "id"], search_hidden: true };
  const limits = { background: true, retry: ONCE, signal };
  for (let round = 1; !signal.aborted; round++) {
    await backgroundClock.sleep(ASK_EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted) break;
    if (round % PING_EVERY === 0) await connection.call("tasks.ping", { task }, limits).catch(() => undefined);
    const before = ownStatus();
    const reply = await connection.call<{ tasks: Found[] }>("tasks.get_all", query, limits).catch(() => undefined);
    const [found] = reply?.tasks ?? [];
    if (found !== undefined && before === ownStatus() && isAbort(found, before)) return true;
  }
  return false;
}

interface Found {
  readonly status: TaskStatus;
  readonly status_message?: string;
}

/** Stopping is what the server says to a task that has somebody who listens; else it says at once how it ended (task-class.md B4). */
function isAbort({ status, status_message = "" }: Found, own: TaskStatus): boolean {
  if (status === "in_progress") return status_message.includes("stopping");
  return status !== own && status !== "created" && status !== "queued" && !status_message.includes("worker");
}
