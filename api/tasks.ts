import type { RetrySchedule } from "../base/retry.ts";
import type { CallOptions, Session } from "./session.ts";
import type { QueueId, TaskId } from "./wire/ids.ts";
import type { StatusChange, Task } from "./wire/task.ts";

/** Why and how a status changes; both texts are shown to people, and a call without them clears the old ones. */
export interface StatusNote {
  readonly reason: string;
  readonly message: string;
  /** Skips the server's check of the transition. */
  readonly force?: boolean;
}

/** The parts of a task that the watch on running tasks needs. */
export interface TaskState {
  readonly id: TaskId;
  readonly status: string;
  readonly status_message: string;
  readonly status_reason: string;
  /** Undefined: no agent has reported about it. */
  readonly last_worker: string | undefined;
  readonly runtime: Readonly<Record<string, unknown>>;
}

export interface WatchReply {
  readonly tasks: readonly TaskState[];
  /** Given back on the next call; undefined on a server that cannot wait. */
  readonly since: unknown;
  readonly waited: boolean;
}

export type StatusCall = "started" | "stopped" | "completed" | "failed" | "stop";

/** `tasks.*` (clearml-api.md 2 to 4). */
export class Tasks {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The task in full; ApiError 400/101 when there is none. */
  async get(task: TaskId, options?: CallOptions): Promise<Task> {
    const { taskSchema } = await import("./wire/task.ts");
    const data = await this.#session.call<{ task: unknown }>("tasks.get_by_id", { task }, { ...options, needs: { task: "document" } });
    return taskSchema.parse(data.task);
  }

  /** Tasks by the server's query grammar, with only the asked-for fields (clearml-api.md 4.4). */
  async query(query: object, options?: CallOptions): Promise<Task[]> {
    const { taskSchema } = await import("./wire/task.ts");
    const data = await this.#session.call<{ tasks: unknown[] }>("tasks.get_all", query, { ...options, needs: { tasks: "list" } });
    return data.tasks.map((task) => taskSchema.parse(task));
  }

  async create(fields: object, options?: CallOptions): Promise<TaskId> {
    return (await this.#session.call<{ id: TaskId }>("tasks.create", fields, { ...options, needs: { id: "text" } })).id;
  }

  async clone(fields: object, options?: CallOptions): Promise<TaskId> {
    return (await this.#session.call<{ id: TaskId }>("tasks.clone", fields, { ...options, needs: { id: "text" } })).id;
  }

  async edit(task: TaskId, fields: object, options?: CallOptions): Promise<void> {
    await this.#session.call("tasks.edit", { task, force: true, ...fields }, options);
  }

  /**
   * Adds to the task's runtime properties. `tasks.edit_runtime` exists since 2.34 only: the properties are read and
   * written as a whole, and one that somebody else writes in between is lost.
   */
  async editRuntime(task: TaskId, properties: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<void> {
    const { task: fresh } = await this.#session.call<{ task: { runtime?: object } }>(
      "tasks.get_by_id",
      { task },
      { ...options, needs: { task: "document" } },
    );
    await this.edit(task, { runtime: { ...fresh.runtime, ...properties } }, options);
  }

  async setStatus(call: StatusCall, task: TaskId, note: StatusNote, options?: CallOptions): Promise<StatusChange> {
    const body = { task, status_reason: note.reason, status_message: note.message, force: note.force ?? false };
    return await this.#session.call<StatusChange>(`tasks.${call}`, body, options);
  }

  async enqueue(
    task: TaskId,
    queue: { id: QueueId } | { name: string } | undefined,
    extra: object = {},
    options?: CallOptions,
  ): Promise<void> {
    const target = queue === undefined ? {} : "id" in queue ? { queue: queue.id } : { queue_name: queue.name };
    await this.#session.call("tasks.enqueue", { task, ...target, ...extra }, options);
  }

  async dequeue(task: TaskId, extra: object = {}, options?: CallOptions): Promise<void> {
    await this.#session.call("tasks.dequeue", { task, ...extra }, options);
  }

  async reset(task: TaskId, extra: object = {}, options?: CallOptions): Promise<void> {
    await this.#session.call("tasks.reset", { task, ...extra }, options);
  }

  async ping(task: TaskId, options?: CallOptions): Promise<void> {
    await this.#session.call("tasks.ping", { task }, options);
  }

  /**
   * Status and message of several tasks in one call. On our own server the call waits until one of them changes or
   * `waitMs` is over; other servers ignore the extra fields and answer at once (`waited` false).
   */
  async watch(
    ids: readonly TaskId[],
    since: unknown,
    waitMs: number,
    options: CallOptions & { retry: RetrySchedule },
  ): Promise<WatchReply> {
    const data = await this.#session.call<{ tasks: Partial<TaskState>[]; windlass_waited?: boolean; windlass_since?: unknown }>(
      "tasks.get_all",
      {
        id: ids,
        only_fields: ["id", "status", "status_message", "status_reason", "last_worker", "runtime"],
        search_hidden: true,
        windlass_wait_ms: waitMs,
        ...(since === undefined ? {} : { windlass_since: since }),
      },
      { timeoutMs: waitMs + 30_000, ...options, needs: { tasks: "list" } },
    );
    return { tasks: data.tasks.map(stateOf), since: data.windlass_since, waited: data.windlass_waited === true };
  }
}

function stateOf(task: Partial<TaskState>): TaskState {
  const { id, status = "unknown", status_message = "", status_reason = "", last_worker, runtime = {} } = task;
  return { id: id as TaskId, status, status_message, status_reason, last_worker: last_worker ?? undefined, runtime };
}
