import type { TaskStatus } from "../../api/wire/task-types.ts";
import { type Clock, SECOND_MS, systemClock } from "../../base/clock.ts";
import { WindlassError } from "../../base/errors.ts";
import { remoteTask } from "../remote.ts";
import { DescribedTask } from "./described.ts";

export interface StatusOptions {
  /** Skips the server's check whether the status may follow on the present one. */
  readonly force?: boolean;
  readonly statusReason?: string;
  readonly statusMessage?: string;
}

export interface WaitOptions {
  /** Which end the waiting; completed, stopped and closed by default. */
  readonly status?: readonly TaskStatus[];
  /** Which are an error; failed by default. */
  readonly raiseOnStatus?: readonly TaskStatus[];
  /** Between two questions, in ms; two seconds by default. */
  readonly checkIntervalMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Where a task stands, and moving it on. */
export class StatusTask extends DescribedTask {
  /** As it was last read. */
  get status(): TaskStatus {
    return this.known.status;
  }

  /** As the server says now. */
  async getStatus(options: { readonly signal?: AbortSignal } = {}): Promise<TaskStatus> {
    const query = { id: [this.id], only_fields: ["status", "status_message", "id"], search_hidden: true };
    const { tasks } = await this.connection.call<{ tasks: { status: TaskStatus; status_message?: string }[] }>(
      "tasks.get_all",
      query,
      options,
    );
    const [found] = tasks;
    if (found === undefined) throw new WindlassError(`there is no task ${this.id}`, { code: "no-task" });
    this.known = { ...this.known, ...found };
    return found.status;
  }

  /** Says that the task runs; `tasks.started`. */
  async started(options: StatusOptions = {}): Promise<void> {
    await this.#move("started", options);
  }

  async stopped(options: StatusOptions = {}): Promise<void> {
    await this.#move("stopped", options);
  }

  /** @deprecated as in the official SDK: the same as `markCompleted`. */
  async completed(options: StatusOptions = {}): Promise<void> {
    await this.markCompleted(options);
  }

  async markStarted(options: StatusOptions = {}): Promise<void> {
    await this.#move("started", options);
    await this.reload();
  }

  async markStopped(options: StatusOptions = {}): Promise<void> {
    await this.flush();
    await this.#move("stopped", options);
  }

  async markCompleted(options: StatusOptions = {}): Promise<void> {
    await this.flush();
    const publish = this.known.runtime?.["_publish_on_complete"] === true;
    await this.#move("completed", { statusReason: "completed", ...options }, { publish });
  }

  async markFailed(options: StatusOptions = {}): Promise<void> {
    await this.flush();
    await this.#move("failed", options);
  }

  /** Makes a stopped or completed task read-only, with its output models. */
  async publish(): Promise<void> {
    const status = await this.getStatus();
    if (status !== "stopped" && status !== "completed")
      throw new WindlassError(`a task that is ${status} cannot be published`, {
        code: "bad-status",
        hint: "It has to be stopped or completed.",
      });
    await this.#move("publish", {});
  }

  /** Back to a draft without its outputs. Without `force` nothing happens to the task that an agent runs this process for. */
  async reset({
    setStartedOnSuccess = false,
    force = false,
  }: {
    readonly setStartedOnSuccess?: boolean;
    readonly force?: boolean;
  } = {}): Promise<void> {
    if (remoteTask() === this.id && !force) return;
    await this.ask("tasks.reset", { task: this.id, force, clear_all: false, delete_external_artifacts: true });
    if (setStartedOnSuccess) await this.#move("started", {});
    await this.reload();
  }

  /** Waits for one of some statuses, and reads the task. Throws a WindlassError `task-failed` on one of the others, or the signal's reason. */
  async waitForStatus(options: WaitOptions = {}): Promise<TaskStatus> {
    const { status: wanted = ["completed", "stopped", "closed"], raiseOnStatus = ["failed"], signal, clock = systemClock } = options;
    for (;;) {
      const status = await this.getStatus(signal === undefined ? {} : { signal });
      if (raiseOnStatus.includes(status))
        throw new WindlassError(`the task ${this.id} is ${status}: ${this.known.status_message ?? ""}`, { code: "task-failed" });
      if (wanted.includes(status)) break;
      await clock.sleep(options.checkIntervalMs ?? 2 * SECOND_MS, signal);
    }
    await this.reload();
    return this.status;
  }

  /** Sends what waits to be sent. */
  async flush(): Promise<boolean> {
    await this.sending.outbox.flush();
    await this.sending.events.flush();
    return true;
  }

  async #move(
    action: "started" | "stopped" | "completed" | "failed" | "publish",
    { force = false, statusReason, statusMessage }: StatusOptions,
    extra: object = {},
  ): Promise<void> {
    const note = {
      ...(statusReason === undefined ? {} : { status_reason: statusReason }),
      ...(statusMessage === undefined ? {} : { status_message: statusMessage }),
    };
    const body = { task: this.id, force, ...note, ...extra };
    const { fields } = await this.ask<{ fields?: { status?: TaskStatus } }>(`tasks.${action}`, body);
    this.known = { ...this.known, ...(fields?.status === undefined ? {} : { status: fields.status }) };
  }
}
