import type { TaskState, Tasks } from "../api/tasks.ts";
import type { TaskId } from "../api/wire/ids.ts";
import { Cancelled, cancelReasonOf } from "../base/cancelled.ts";
import { type Clock, epochMs, jittered } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { abortCallbackWaits } from "./abort-callback.ts";
import type { ClaimRecord } from "./journal.ts";
import { SCHEDULES } from "./schedules.ts";

/**
 * Watches all running tasks with one request: on our own server it waits for a change, elsewhere it asks once a second.
 * A stop from anyone reaches the run as an abort with a typed reason.
 */
const WAIT_MS = 55_000;
const POLL_MS = 1_000;
const AFTER_ERROR_MS = 2_000;
/** Several runs that start together cause one new request. */
const SETTLE_MS = 100;
/** A task must be missing, or look reset, so often in a row before its run is given up. */
const SURE_AFTER = 3;
/** What a server's watchdog says of a task that was silent for two hours (clearml-api.md 3.6): an outage, no stop. */
export const SILENT = "Forced stop (non-responsive)";

type WatchedRecord = Pick<ClaimRecord, "task" | "claim" | "worker">;

interface Watched {
  readonly record: WatchedRecord;
  readonly controller: AbortController;
  strange: number;
  /** When a soft stop was first seen. */
  stoppingSinceMs: number | undefined;
}

/** What a run hears of its task. */
export interface TaskWatch {
  /** Aborts when the task is stopped, reset, deleted or given to somebody else. */
  readonly signal: AbortSignal;
  /** A person asked for a stop; it may wait for the program's own abort callback. */
  readonly isStopping: () => boolean;
}

export class RunWatch {
  readonly #tasks: Tasks;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #watched = new Map<TaskId, Watched>();
  #changed = Promise.withResolvers<void>();
  #movedMs: number;

  constructor(tasks: Tasks, logger: Logger, clock: Clock) {
    this.#tasks = tasks;
    this.#logger = logger;
    this.#clock = clock;
    this.#movedMs = clock.monotonic();
  }

  /** When the watch last came round, ms; with nothing to watch it always does. */
  get movedAt(): number {
    return this.#watched.size === 0 ? this.#clock.now() : epochMs(this.#movedMs, this.#clock);
  }

  add(record: WatchedRecord): TaskWatch {
    const watched: Watched = { record, controller: new AbortController(), strange: 0, stoppingSinceMs: undefined };
    this.#watched.set(record.task as TaskId, watched);
    this.#announce();
    return { signal: watched.controller.signal, isStopping: () => isStopping(watched) };
  }

  remove({ task }: Pick<ClaimRecord, "task">): void {
    if (this.#watched.delete(task as TaskId)) this.#announce();
  }

  /** Runs until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!signal.aborted) {
      if (this.#watched.size === 0) await Promise.race([this.#changed.promise, ended]);
      else await this.#round(signal);
    }
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** One set of tasks, asked again and again until the set changes. */
  async #round(signal: AbortSignal): Promise<void> {
    const renewed = new AbortController();
    const settle = (): void => void setTimeout(() => renewed.abort(), SETTLE_MS);
    void this.#changed.promise.then(settle);
    const either = AbortSignal.any([signal, renewed.signal]);
    for (let since: unknown; !either.aborted && this.#watched.size > 0; ) {
      this.#movedMs = this.#clock.monotonic();
      try {
        since = await this.#ask(since, either);
      } catch (error) {
        if (either.aborted) return;
        this.#logger.debug({ err: error }, "cannot ask how the running tasks stand");
        await this.#clock.sleep(jittered(AFTER_ERROR_MS), either).catch(() => undefined);
      }
    }
  }

  /** A task that is about to be given up, or to be stopped, is looked at again soon. */
  async #ask(since: unknown, signal: AbortSignal): Promise<unknown> {
    const ids = [...this.#watched.keys()];
    const isRestless = [...this.#watched.values()].some(({ strange, stoppingSinceMs }) => strange > 0 || stoppingSinceMs !== undefined);
    const waitMs = isRestless ? POLL_MS : WAIT_MS;
    const reply = await this.#tasks.watch(ids, since, waitMs, { signal, retry: SCHEDULES.watch });
    this.#look(ids, reply.tasks);
    if (!reply.waited) await this.#clock.sleep(jittered(POLL_MS, 0.1), signal);
    return reply.since;
  }

  #look(ids: readonly TaskId[], states: readonly TaskState[]): void {
    const byId = new Map(states.map((state) => [state.id, state]));
    for (const id of ids) {
      const watched = this.#watched.get(id);
      if (watched === undefined) continue;
      const reason = this.#reasonToStop(byId.get(id), watched);
      if (reason !== undefined) watched.controller.abort(reason);
    }
  }

  /** clearml-agent.md 6.4; `completed` does not end a run: its own SDK says that at its end. */
  #reasonToStop(state: TaskState | undefined, watched: Watched): Cancelled | undefined {
    if (state === undefined || state.status === "created") return strangeness(state, watched);
    watched.strange = 0;
    if (state.status === "in_progress") return this.#stopOf(state, watched);
    if (state.status === "stopped") return state.status_reason === SILENT ? this.#revive(state, watched) : new Cancelled("user");
    if (["closed", "failed", "published", "queued"].includes(state.status))
      return new Cancelled("task-gone", `the task's status was changed to ${state.status} from outside`);
    return undefined;
  }

  #stopOf(state: TaskState, watched: Watched): Cancelled | undefined {
    const other = /^claim ([0-9a-f]{32})$/.exec(state.status_message)?.[1];
    if (other !== undefined && other !== watched.record.claim) return new Cancelled("task-gone", "another agent runs the task now");
    if (!state.status_message.includes("stopping")) return undefined;
    watched.stoppingSinceMs ??= this.#clock.monotonic();
    return abortCallbackWaits(state.runtime, this.#clock.monotonic() - watched.stoppingSinceMs) ? undefined : new Cancelled("user");
  }

  /** The server took an outage for the end of the run. The run goes on, and the server is told so, unless the run was another's. */
  #revive(state: TaskState, { record }: Watched): Cancelled | undefined {
    if (state.last_worker !== undefined && state.last_worker !== record.worker)
      return new Cancelled("task-gone", "another agent ran the task since");
    this.#logger.warn(
      { task: record.task },
      "the server stopped a task that it did not hear of; it still runs, and is started again there",
    );
    const note = { reason: "still running after an outage", message: `claim ${record.claim}` };
    void this.#tasks
      .setStatus("started", record.task as TaskId, note)
      .catch((error: unknown) => this.#logger.debug({ err: error }, "not revived"));
    return undefined;
  }
}

function isStopping({ stoppingSinceMs, controller: { signal } }: Watched): boolean {
  return stoppingSinceMs !== undefined || (signal.aborted && cancelReasonOf(signal).reason === "user");
}

function strangeness(state: TaskState | undefined, watched: Watched): Cancelled | undefined {
  if (++watched.strange < SURE_AFTER) return undefined;
  const why = state === undefined ? "the server does not know the task any more" : "the task was reset on the server";
  return new Cancelled("task-gone", why);
}
