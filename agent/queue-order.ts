import type { QueueId } from "../api/wire/ids.ts";
import type { Queue, QueueEntry } from "../api/wire/queue.ts";

export interface Candidate {
  readonly queue: Queue;
  readonly entry: QueueEntry;
}

/**
 * Entries in the order in which they are to be claimed. Strict: all of the first queue, then all of the second. Fair
 * (`after` given): one of each queue in turn, beginning with the queue that follows `after`.
 */
export function inQueueOrder(queues: readonly Queue[], order: readonly QueueId[], after: QueueId | undefined): Candidate[] {
  const sorted = (ids: readonly QueueId[]): Queue[] => ids.flatMap((id) => queues.filter((queue) => queue.id === id));
  if (after === undefined) return sorted(order).flatMap((queue) => queue.entries.map((entry) => ({ queue, entry })));
  const start = order.indexOf(after) + 1;
  const turned = sorted([...order.slice(start), ...order.slice(0, start)]);
  const longest = Math.max(0, ...turned.map((queue) => queue.entries.length));
  return Array.from({ length: longest }, (_, at) =>
    turned.flatMap((queue) => {
      const entry = queue.entries[at];
      return entry === undefined ? [] : [{ queue, entry }];
    }),
  ).flat();
}
