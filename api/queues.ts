import type { RetrySchedule } from "../base/retry.ts";
import type { CallOptions, Session } from "./session.ts";
import type { QueueId, TaskId } from "./wire/ids.ts";
import type { Queue } from "./wire/queue.ts";

export interface PeekReply {
  /** In no fixed order; each with its first entries. */
  readonly queues: readonly Queue[];
  /** The server can wait: it answers when a queue gets an entry. False: poll. */
  readonly waited: boolean;
}

const QUEUE_FIELDS = ["id", "name", "tags", "system_tags", "entries"];
/** The most that a server gives at once; a shorter page is the last one. */
const PAGE = 500;

/** `queues.*` (clearml-api.md 5). */
export class Queues {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Every queue with all of its entries. */
  async all(options?: CallOptions): Promise<Queue[]> {
    const found: Queue[] = [];
    for (let page = 0; ; page++) {
      const query = { only_fields: QUEUE_FIELDS, search_hidden: true, order_by: ["created"], page, page_size: PAGE };
      const { queues } = await this.#session.call<{ queues: Partial<Queue>[] }>("queues.get_all", query, {
        ...options,
        needs: { queues: "list" },
      });
      found.push(...queues.map(queueOf));
      if (queues.length < PAGE) return found;
    }
  }

  async create(name: string, options?: CallOptions): Promise<QueueId> {
    return (await this.#session.call<{ id: QueueId }>("queues.create", { name }, { ...options, needs: { id: "text" } })).id;
  }

  async getDefault(options?: CallOptions): Promise<{ id: QueueId; name: string }> {
    return await this.#session.call("queues.get_default", {}, { ...options, needs: { id: "text" } });
  }

  /**
   * The first `entries` of each queue, in one request. On our own server it waits up to `waitMs` for an entry; others
   * ignore the extra field. Servers that do not cut the entries are cut here.
   */
  async peek(
    ids: readonly QueueId[],
    entries: number,
    waitMs: number,
    options: CallOptions & { retry: RetrySchedule },
  ): Promise<PeekReply> {
    const data = await this.#session.call<{ queues: Partial<Queue>[]; windlass_waited?: boolean }>(
      "queues.get_all",
      {
        id: ids,
        only_fields: QUEUE_FIELDS,
        max_task_entries: entries,
        search_hidden: true,
        windlass_wait_ms: waitMs,
      },
      { timeoutMs: waitMs + 30_000, ...options, needs: { queues: "list" } },
    );
    const queues = data.queues.map(queueOf).map((queue) => ({ ...queue, entries: queue.entries.slice(0, entries) }));
    return { queues, waited: data.windlass_waited === true };
  }

  /**
   * Takes a task off a queue; of callers that race exactly one succeeds. ApiError 400/703, or `removed` 0: it is not
   * (any more) in that queue. Never retried here: a lost answer leaves a doubt that only the caller can settle.
   */
  async removeTask(queue: QueueId, task: TaskId, options: CallOptions & { retry: RetrySchedule }): Promise<number> {
    const needs = { removed: "number" } as const;
    return (await this.#session.call<{ removed: number }>("queues.remove_task", { queue, task }, { ...options, needs })).removed;
  }

  /** Puts a task that is `queued` in no queue back; ApiError 400/706 means that somebody else did. */
  async addTask(queue: QueueId, task: TaskId, options?: CallOptions): Promise<void> {
    await this.#session.call("queues.add_task", { queue, task, update_execution_queue: true }, options);
  }

  async moveToFront(queue: QueueId, task: TaskId, options?: CallOptions): Promise<void> {
    await this.#session.call("queues.move_task_to_front", { queue, task }, options);
  }
}

/** A queue document without `tags` sends clearml-agent into a crash loop (clearml-agent.md 13): nothing is taken for granted. */
function queueOf(queue: Partial<Queue>): Queue {
  return {
    id: queue.id as QueueId,
    name: queue.name ?? String(queue.id),
    tags: queue.tags ?? [],
    system_tags: queue.system_tags ?? [],
    entries: (queue.entries ?? []).filter((entry) => typeof entry?.task === "string"),
  };
}
