import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { many } from "./many.ts";
import { pipelineSteps } from "./pipeline-steps.ts";
import { remove, removeEverywhere } from "./queue-entries.ts";
import { changeStatus, noteOf, type StatusReply } from "./statuses.ts";
import { writableTask } from "./task-access.ts";
import { type Cleanup, cleanUp } from "./task-cleanup.ts";
import { EMPTY_EXECUTION, EMPTY_SCRIPT } from "./task-document.ts";
import { outOfQueue } from "./task-queueing.ts";
import { artifactsOf, modelsOf } from "./task-shapes.ts";
import { touchProjects } from "./touched-project.ts";

/** Tasks made new and deleted (clearml-api.md 3.4, clearml-tasks-events.md 7). */
const CLEARED: Document = {
  last_iteration: 0,
  last_metrics: {},
  unique_metrics: [],
  metric_stats: {},
  runtime: {},
  last_worker: null,
  last_worker_report: null,
  started: null,
  completed: null,
  published: null,
  active_duration: null,
  enqueue_status: null,
};

const whatGoes = (body: Body): { deletesModels: boolean; deletesFiles: boolean } => ({
  deletesModels: flagOf(body, "delete_output_models", true),
  deletesFiles: flagOf(body, "delete_external_artifacts", true),
});

interface Reset extends StatusReply {
  readonly wasQueued: boolean;
  readonly deleted_models: number;
  readonly urls: object;
}

function reset(call: Call, body: Body): Reset {
  const id = requiredText(body, "task");
  const task = writableTask(call, id);
  const force = flagOf(body, "force");
  if (task["status"] === "published" && !force) throw new ApiFault(400, 110, "Invalid task status", { task_id: id, status: "published" });
  const { queue } = task["execution"] as Document;
  const wasQueued = task["status"] === "queued" && typeof queue === "string" && remove(call, queue, id);
  removeEverywhere(call, id);
  const cleanup = cleanUp(call, task, { force, ...whatGoes(body), isDeleted: false });
  const unshown = { ...CLEARED, ...emptied(task, flagOf(body, "clear_all")) };
  const reply = changeStatus(call, { task: id, to: "created", reason: "reset", message: "reset", force, unshown });
  return { ...reply, wasQueued, deleted_models: cleanup.deletedModels, urls: flagOf(body, "return_file_urls") ? cleanup.urls : {} };
}

/** Output artifacts and models go, inputs stay; `clear_all` also forgets what to run. */
function emptied(task: Document, clearAll: boolean): Document {
  const { queue: _, ...execution } = task["execution"] as Document;
  const artifacts = artifactsOf(task).filter((item) => item["mode"] === "input");
  const { result: __, error: ___, ...output } = task["output"] as Document;
  return {
    output,
    models: { input: modelsOf(task, "input"), output: [] },
    execution: clearAll ? EMPTY_EXECUTION : { ...execution, artifacts },
    ...(clearAll ? { script: EMPTY_SCRIPT } : {}),
  };
}

function resetOne(call: Call, body: Body): object {
  const { wasQueued, ...reply } = reset(call, body);
  return { ...reply, dequeued: wasQueued ? { removed: 1 } : {}, events: {} };
}

function resetEach(call: Call, body: Body): object {
  const { wasQueued, ...reply } = reset(call, body);
  return { ...reply, dequeued: wasQueued };
}

/** The reply counts what became of the task itself, not of its steps. */
function deleteTask(call: Call, body: Body): object {
  const task = writableTask(call, requiredText(body, "task"));
  const force = flagOf(body, "force");
  if (task["status"] !== "created" && !(task["system_tags"] as string[]).includes("archived") && !force) {
    const details = { task: task["id"], expected: "created", current: task["status"] };
    throw new ApiFault(400, 123, "Task cannot be deleted (due to status, use force=True)", details);
  }
  for (const step of pipelineSteps(call, body, task)) deleteOne(call, body, writableTask(call, step), true);
  const { updatedChildren, updatedModels, deletedModels, urls } = deleteOne(call, body, task, force);
  touchProjects(call, task["project"]);
  return {
    deleted: true,
    updated_children: updatedChildren,
    updated_models: updatedModels,
    deleted_models: deletedModels,
    urls: flagOf(body, "return_file_urls") ? urls : null,
  };
}

function deleteOne(call: Call, body: Body, task: Document, force: boolean): Cleanup {
  const id = String(task["id"]);
  outOfQueue(call, id, { ...noteOf(body), to: undefined, everywhere: true });
  const cleanup = cleanUp(call, task, { force, ...whatGoes(body), isDeleted: true });
  call.db.run("DELETE FROM tasks WHERE id = ?", id);
  call.effects.tasks.add(id);
  return cleanup;
}

export const TASK_REMOVAL_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.reset", resetOne),
  write("tasks.reset_many", many(resetEach)),
  write("tasks.delete", deleteTask),
  write("tasks.delete_many", many(deleteTask)),
];
