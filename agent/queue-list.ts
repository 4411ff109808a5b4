import { isRefusal } from "../api/api-error.ts";
import { looksLikeId, type QueueId } from "../api/wire/ids.ts";
import type { Queue } from "../api/wire/queue.ts";
import { type Clock, jittered } from "../base/clock.ts";
import { WindlassError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Client } from "./client.ts";
import type { Config } from "./config.ts";

/** The agent's queues, by name or id; one that is not there is waited for, with one clear line. */
const LOOK_AGAIN_MS = 10_000;

export class QueueList {
  readonly #config: () => Config;
  readonly #client: Client;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** In the order of priority; undefined: not found yet. */
  #found: (QueueId | undefined)[] = [];
  #lookedAt = 0;
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
    this.#lookedAt = 0;
  }

  /** Waits until the server answers; wrong credentials end it, since nothing will mend them. */
  async resolveAll(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await this.#look(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isRefusal(error, 20, 21, 22)) throw wrongKeys(this.#config(), error);
        this.#logger.warn({ err: error }, "the server does not answer; trying again");
        await this.#clock.sleep(jittered(2_000), signal);
      }
    }
  }

  /** Ids of the queues that exist; waits until there is one. */
  async known(signal: AbortSignal): Promise<QueueId[]> {
    while (this.#found.some((id) => id === undefined) || this.#found.length === 0) {
      if (this.#clock.now() - this.#lookedAt > LOOK_AGAIN_MS) await this.#look(signal);
      if (this.order.length > 0) break;
      await this.#clock.sleep(jittered(LOOK_AGAIN_MS / 5), signal);
    }
    return this.order;
  }

  /** A queue that a peek does not show any more was deleted: it is looked for again. */
  seen(queues: readonly Queue[]): void {
    const there = new Set(queues.map((queue) => queue.id));
    if (this.order.every((id) => there.has(id))) return;
    this.#logger.warn("a queue of this agent was deleted; waiting for it to come back");
    this.#found = this.#found.map((id) => (id !== undefined && there.has(id) ? id : undefined));
  }

  async #look(signal: AbortSignal): Promise<void> {
    this.#lookedAt = this.#clock.now();
    if (this.#config().queues.length === 0) {
      this.#found = [await this.#defaultQueue(signal)];
      return;
    }
    const all = await this.#client.queues.all({ signal });
    this.#found = [];
    for (const wanted of this.#config().queues) this.#found.push(await this.#find(wanted, all, signal));
  }

  async #find(wanted: string, all: readonly Queue[], signal: AbortSignal): Promise<QueueId | undefined> {
    const byId = all.find((queue) => queue.id === wanted);
    const found =
      byId ?? all.find((queue) => queue.name === wanted) ?? all.find((queue) => queue.name.toLowerCase() === wanted.toLowerCase());
    if (found !== undefined) return found.id;
    if (this.#config().createQueue && !looksLikeId(wanted)) return await this.#client.queues.create(wanted, { signal });
    if (!this.#told.has(wanted))
      this.#logger.warn(
        { queue: wanted },
        `there is no queue "${wanted}" on ${this.#config().server.api}; waiting for it (--create-queue makes it)`,
      );
    this.#told.add(wanted);
    return undefined;
  }

  async #defaultQueue(signal: AbortSignal): Promise<QueueId | undefined> {
    try {
      return (await this.#client.queues.getDefault({ signal })).id;
    } catch (error) {
      if (!isRefusal(error, 707, 708)) throw error;
      return await this.#find("default", await this.#client.queues.all({ signal }), signal);
    }
  }
}

function wrongKeys(config: Config, error: unknown): WindlassError {
  return new WindlassError(`the server ${config.server.api} does not accept these credentials`, {
    code: "wrong-credentials",
    hint: "windlass config shows where they come from.",
    cause: error,
  });
}
