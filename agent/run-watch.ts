import type { TaskState, Tasks } from "../api/tasks.ts";
import type { TaskId } from "../api/wire/ids.ts";
import { Cancelled } from "../base/cancelled.ts";
import { type Clock, jittered } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";

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
const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };

interface Watched {
  readonly controller: AbortController;
  strange: number;
}

export class RunWatch {
  readonly #tasks: Tasks;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #watched = new Map<TaskId, Watched>();
  #changed = Promise.withResolvers<void>();

  constructor(tasks: Tasks, logger: Logger, clock: Clock) {
    this.#tasks = tasks;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** A signal that aborts when the task is stopped, reset, deleted or given to somebody else. */
  add(task: TaskId): AbortSignal {
    const controller = new AbortController();
    this.#watched.set(task, { controller, strange: 0 });
    this.#announce();
    return controller.signal;
  }

  remove(task: TaskId): void {
    this.#watched.delete(task);
    this.#announce();
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
      try {
        const ids = [...this.#watched.keys()];
        const reply = await this.#tasks.watch(ids, since, WAIT_MS, { signal: either, retry: ONCE });
        since = reply.since;
        this.#look(ids, reply.tasks);
        if (!reply.waited) await this.#clock.sleep(jittered(POLL_MS, 0.1), either);
      } catch (error) {
        if (either.aborted) return;
        this.#logger.debug({ err: error }, "cannot ask how the running tasks stand");
        await this.#clock.sleep(jittered(AFTER_ERROR_MS), either).catch(() => undefined);
      }
    }
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
    if (state === undefined || state.status === "created") {
      watched.strange++;
      if (watched.strange < SURE_AFTER) return undefined;
      return new Cancelled(
        "task-gone",
        state === undefined ? "the server does not know the task any more" : "the task was reset on the server",
      );
    }
    watched.strange = 0;
    if (state.status === "in_progress") return state.status_message.includes("stopping") ? new Cancelled("user") : undefined;
    if (state.status === "stopped") return new Cancelled("user");
    if (["closed", "failed", "published", "queued"].includes(state.status))
      return new Cancelled("task-gone", `the task's status was changed to ${state.status} from outside`);
    return undefined;
  }
}
