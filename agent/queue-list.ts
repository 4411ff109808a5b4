import { ApiError, isRefusal } from "../api/api-error.ts";
import type { CallOptions } from "../api/session.ts";
import { looksLikeId, type QueueId } from "../api/wire/ids.ts";
import type { Queue } from "../api/wire/queue.ts";
import { type Clock, jittered } from "../base/clock.ts";
import { messageOf, WindlassError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { ONCE, PATIENT, retry } from "../base/retry.ts";
import { formatDuration } from "../base/units.ts";
import type { Client } from "./client.ts";
import type { Config } from "./config.ts";

/** The agent's queues, by name or id; one that is not there, or that the server refuses, is told in one clear line. */
const LOOK_AGAIN_MS = 10_000;

export class QueueList {
  readonly #config: () => Config;
  readonly #client: Client;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** In the order of priority; undefined: not found yet. */
  #found: (QueueId | undefined)[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #told = new Set<string>();

  constructor(config: () => Config, client: Client, logger: Logger, clock: Clock) {
    this.#config = config;
    this.#client = client;
    this.#logger = logger;
    this.#clock = clock;
  }

  get order(): QueueId[] {
    return this.#found.filter((id) => id !== undefined);
  }

  /** Each wanted queue, with its id if it is there. */
  found(wanted: readonly string[]): { wanted: string; id: string | undefined }[] {
    const names = wanted.length === 0 ? ["default"] : wanted;
    return names.map((name, at) => ({ wanted: name, id: this.#found[at] }));
  }

  /** The wanted queues have changed: they are looked for anew. */
  forget(): void {
    this.#told.clear();
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * Waits until the server answers, and tells each try that it does not; wrong credentials end it, since nothing will mend
   * them. A queue that the server refuses is told and left out: the others are served.
   */
  async resolveAll(signal: AbortSignal): Promise<void> {
    const options = { signal, retry: ONCE };
    await retry(() => this.#look(options), {
      schedule: PATIENT,
      signal,
      clock: this.#clock,
      retryable: (error) => !isAboutKeys(error),
      onRetry: (error, _tries, delayMs) => this.#tellFailure(error, delayMs),
    }).catch((error: unknown) => {
      throw isAboutKeys(error) ? wrongKeys(this.#config(), error) : error;
    });
  }

  /** Ids of the queues that exist; waits until there is one. */
  async known(signal: AbortSignal): Promise<QueueId[]> {
    while (this.#found.some((id) => id === undefined) || this.#found.length === 0) {
      if (this.#clock.monotonic() - this.#lookedAt > LOOK_AGAIN_MS) await this.#look({ signal });
      if (this.order.length > 0) break;
      await this.#clock.sleep(jittered(LOOK_AGAIN_MS / 5), signal);
    }
    return this.order;
  }

  /** A queue that a peek asked for and does not show any more was deleted: it is looked for again. */
  seen(asked: readonly QueueId[], queues: readonly Queue[]): void {
    const there = new Set(queues.map((queue) => queue.id));
    const gone = new Set(asked.filter((id) => !there.has(id)));
    if (!this.order.some((id) => gone.has(id))) return;
    this.#logger.warn("a queue of this agent was deleted; waiting for it to come back");
    this.#found = this.#found.map((id) => (id !== undefined && gone.has(id) ? undefined : id));
  }

  async #look(options: CallOptions): Promise<void> {
    this.#lookedAt = this.#clock.monotonic();
    if (this.#config().queues.length === 0) {
      this.#found = [await this.#defaultQueue(options)];
      return;
    }
    const all = await this.#client.queues.all(options);
    const found: (QueueId | undefined)[] = [];
    for (const wanted of this.#config().queues) found.push(await this.#find(wanted, all, options));
    this.#found = found;
  }

  async #find(wanted: string, all: readonly Queue[], options: CallOptions): Promise<QueueId | undefined> {
    const byId = all.find((queue) => queue.id === wanted);
    const found =
      byId ?? all.find((queue) => queue.name === wanted) ?? all.find((queue) => queue.name.toLowerCase() === wanted.toLowerCase());
    if (found !== undefined) return found.id;
    if (this.#config().createQueue && !looksLikeId(wanted)) return await this.#create(wanted, options);
    this.#tellOnce(wanted, `there is no queue "${wanted}" on ${this.#config().server.api}; waiting for it (--create-queue makes it)`);
    return undefined;
  }

  /** Undefined: the server does not want a queue of that name, now or ever. */
  async #create(wanted: string, options: CallOptions): Promise<QueueId | undefined> {
    try {
      return await this.#client.queues.create(wanted, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.retryable || isAboutKeys(error)) throw error;
      const rule = wanted.trim().length < 3 ? " (three characters at least)" : "";
      this.#tellOnce(wanted, `the server refuses to make the queue "${wanted}"${rule}: ${error.reason}; the agent goes on without it`);
      return undefined;
    }
  }

  #tellOnce(queue: string, text: string): void {
    if (!this.#told.has(queue)) this.#logger.warn({ queue }, text);
    this.#told.add(queue);
  }

  #tellFailure(error: unknown, delayMs: number): void {
    const isRefused = error instanceof ApiError && !error.retryable;
    const words = error instanceof ApiError ? error.reason : messageOf(error);
    this.#logger.warn(
      `${isRefused ? `the server refuses to tell its queues: ${words}` : words}; trying again in ${formatDuration(delayMs)}`,
    );
  }

  async #defaultQueue(options: CallOptions): Promise<QueueId | undefined> {
    try {
      return (await this.#client.queues.getDefault(options)).id;
    } catch (error) {
      if (!isRefusal(error, 707, 708)) throw error;
      return await this.#find("default", await this.#client.queues.all(options), options);
    }
  }
}

const isAboutKeys = (error: unknown): boolean => isRefusal(error, 20, 21, 22);

function wrongKeys(config: Config, error: unknown): WindlassError {
  return new WindlassError(`the server ${config.server.api} does not accept these credentials`, {
    code: "wrong-credentials",
    hint: "windlass config shows where they come from.",
    cause: error,
  });
}
