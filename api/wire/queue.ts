import type { QueueId, TaskId } from "./ids.ts";

/** One waiting task (clearml-api.md 5). */
export interface QueueEntry {
  readonly task: TaskId;
  /** ISO date of the moment it was added. */
  readonly added: string;
}

export interface Queue {
  readonly id: QueueId;
  readonly name: string;
  readonly tags: readonly string[];
  readonly system_tags: readonly string[];
  /** From the head of the queue; at most as many as were asked for. */
  readonly entries: readonly QueueEntry[];
}
