import { requiredText, requiredTextList } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { many } from "./many.ts";
import { pipelineSteps } from "./pipeline-steps.ts";
import { noteOf } from "./statuses.ts";
import { writableTask, writableTasks } from "./task-access.ts";
import { changedNow, updateTask } from "./task-changes.ts";
import { outOfQueue } from "./task-queueing.ts";

/** Tasks put away and brought back (clearml-tasks-events.md 7.4): whatever their status, both texts become the caller's. */
const FIELDS = ["status", "system_tags", "type"];

function archive(call: Call, body: Body, task: Document): void {
  for (const step of pipelineSteps(call, body, task)) archiveOne(call, body, writableTask(call, step, FIELDS));
  archiveOne(call, body, task);
}

/** A waiting task leaves its queue, a running one is stopped. */
function archiveOne(call: Call, body: Body, task: Document): void {
  const to = task["status"] === "in_progress" ? "stopped" : undefined;
  outOfQueue(call, String(task["id"]), { ...noteOf(body), to, everywhere: true });
  mark(call, body, task, [...new Set([...(task["system_tags"] as string[]), "archived"])]);
}

function unarchive(call: Call, body: Body): object {
  const task = writableTask(call, requiredText(body, "task"), FIELDS);
  const steps = pipelineSteps(call, body, task).map((step) => writableTask(call, step, FIELDS));
  for (const each of [...steps, task])
    mark(
      call,
      body,
      each,
      (each["system_tags"] as string[]).filter((tag) => tag !== "archived"),
    );
  return { unarchived: true };
}

function mark(call: Call, body: Body, task: Document, systemTags: readonly string[]): void {
  const { reason, message } = noteOf(body);
  const id = String(task["id"]);
  updateTask(call, id, { system_tags: systemTags, status_reason: reason, status_message: message, ...changedNow(call) });
  call.effects.tasks.add(id);
}

export const TASK_ARCHIVE_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.archive", (call, body) => {
    const ids = requiredTextList(body, "tasks");
    for (const task of writableTasks(call, ids, FIELDS)) archive(call, body, task);
    return { archived: ids.length };
  }),
  write(
    "tasks.archive_many",
    many((call, body) => {
      archive(call, body, writableTask(call, requiredText(body, "task"), FIELDS));
      return { archived: true };
    }),
  ),
  write("tasks.unarchive_many", many(unarchive)),
];
