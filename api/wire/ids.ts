/** Ids of the server are 32 hex digits; each kind has its own type, so that a queue is never taken for a task. */
export type TaskId = string & { readonly __kind: "task" };
export type QueueId = string & { readonly __kind: "queue" };
export type ProjectId = string & { readonly __kind: "project" };
/** `name:slot` or `name:gpuX`. */
export type WorkerId = string & { readonly __kind: "worker" };

/** What ClearML's own agent takes for an id; anything else is a name (clearml-api.md 1.6). */
const ID_PATTERN = /^[-a-f0-9]{30,}$/;

export function looksLikeId(text: string): boolean {
  return ID_PATTERN.test(text);
}

export const asTaskId = (text: string): TaskId => text as TaskId;
export const asQueueId = (text: string): QueueId => text as QueueId;
export const asProjectId = (text: string): ProjectId => text as ProjectId;
export const asWorkerId = (text: string): WorkerId => text as WorkerId;
