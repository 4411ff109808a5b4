import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { findDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { many } from "./many.ts";
import { pipelineSteps } from "./pipeline-steps.ts";
import { removeEverywhere } from "./queue-entries.ts";
import { changeStatus, noteOf, type StatusReply, stateOf } from "./statuses.ts";
import { aliveNow, updateTask } from "./task-changes.ts";
import { publish } from "./task-publishing.ts";

/** The life of a task: started, stopped, ended (clearml-api.md 3.2, clearml-tasks-events.md 6). */

/** An agent counts as alive when its task was updated within this time; then `stop` asks it instead of ending the task. */
const AGENT_ALIVE_MS = 600_000;

/** A run that is told to be started again keeps the time of its start. */
function started(call: Call, body: Body): object {
  const id = textOf(body, "task") ?? "";
  const state = findDocument(call.db, TASK, id, ["status", "started"]);
  if (state === undefined) throw new ApiFault(400, 10, "Invalid object id", { task: null });
  const goesOn = state["status"] === "in_progress" && state["started"] !== undefined;
  const fresh = { changes: { started: wireDate(call.nowMs) }, unshown: { completed: null, active_duration: null } };
  const reply = changeStatus(call, { task: id, to: "in_progress", ...noteOf(body), ...(goesOn ? {} : fresh) });
  return { ...reply, started: 1 };
}

function ended(to: string): (call: Call, body: Body) => StatusReply {
  return (call, body) =>
    changeStatus(call, { task: requiredText(body, "task"), to, ...noteOf(body), changes: { completed: wireDate(call.nowMs) } });
}

/** With `publish` the fields stay those of the completion, but for the status. */
function completed(call: Call, body: Body): object {
  const reply = ended("completed")(call, body);
  if (!flagOf(body, "publish")) return { ...reply, published: 0 };
  const { updated, fields } = publish(call, { ...body, publish_model: true });
  return { ...reply, fields: { ...reply.fields, status: fields["status"] }, published: updated };
}

function stop(call: Call, body: Body): StatusReply {
  const id = requiredText(body, "task");
  for (const step of pipelineSteps(call, body, stateOf(call, id))) stopOne(call, { ...body, task: step, force: true });
  return stopOne(call, body);
}

/**
 * Asks a live agent to end the task (`stopping`), else ends it here; the caller's message is ignored, the reason kept. Of a
 * task that has ended meanwhile, recently and with an agent, only the message changes: the reason says why it ended, and stays.
 */
function stopOne(call: Call, body: Body): StatusReply {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  const isQueued = state["status"] === "queued";
  const development = (state["system_tags"] as string[]).includes("development");
  const silent = call.nowMs - Date.parse(String(state["last_update"])) >= AGENT_ALIVE_MS;
  const reason = textOf(body, "status_reason") ?? "";
  if (!isQueued && !development && state["last_worker"] !== undefined && !silent) {
    const status = String(state["status"]);
    const kept = status === "in_progress" ? reason : String(state["status_reason"] ?? "");
    return changeStatus(call, { task: id, to: status, reason: kept, message: "stopping" });
  }
  if (isQueued) removeEverywhere(call, id);
  return changeStatus(call, {
    task: id,
    to: "stopped",
    reason,
    message: `Stopped by ${call.caller.userName}`,
    force: flagOf(body, "force"),
  });
}

/** Says nothing of a task that is not there or not the caller's. */
function ping(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = findDocument(call.db, TASK, id, ["status", "started", "company"]);
  if (task?.["company"] === call.caller.company) updateTask(call, id, aliveNow(call, task));
  return {};
}

export const TASK_LIFE_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.started", started),
  write("tasks.stopped", ended("stopped")),
  write("tasks.failed", ended("failed")),
  write("tasks.completed", completed),
  write("tasks.close", (call, body) => changeStatus(call, { task: requiredText(body, "task"), to: "closed", ...noteOf(body) })),
  write("tasks.stop", stop),
  write("tasks.stop_many", many(stop)),
  write("tasks.publish", publish),
  write("tasks.publish_many", many(publish)),
  write("tasks.ping", ping),
];
