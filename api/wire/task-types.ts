/** What a task may be called a kind of; the server refuses any other word. */
export const TASK_TYPES = [
  "training",
  "testing",
  "inference",
  "data_processing",
  "application",
  "monitor",
  "controller",
  "report",
  "optimizer",
  "service",
  "qc",
  "custom",
] as const;

export const TASK_STATUSES = [
  "created",
  "queued",
  "in_progress",
  "stopped",
  "closed",
  "failed",
  "completed",
  "publishing",
  "published",
  "unknown",
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];
