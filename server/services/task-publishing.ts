import { flagOf, requiredText, wireDate } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { MODEL } from "../store/kinds.ts";
import { changeStatus, noteOf, requireStep, type StatusReply, stateOf } from "./statuses.ts";
import { writableTask } from "./task-access.ts";
import { updatedNow } from "./task-changes.ts";
import { modelsOf } from "./task-shapes.ts";

/**
 * `tasks.publish` (clearml-tasks-events.md 6): published is published, a second time needs force. The last output model is
 * published too, unless `publish_model` is false; the task that made it is left alone.
 */
export function publish(call: Call, body: Body): StatusReply {
  const task = requiredText(body, "task");
  const state = stateOf(call, task);
  const note = noteOf(body);
  if (!note.force) requireStep(String(state["status"]), "published");
  if (flagOf(body, "publish_model", true)) publishLastModel(call, writableTask(call, task, ["models"]));
  const changes = { published: wireDate(call.nowMs), output: state["output"] };
  return changeStatus(call, { task, to: "published", ...note, force: true, changes });
}

function publishLastModel(call: Call, task: Document): void {
  const model = modelsOf(task, "output").at(-1)?.["model"];
  if (typeof model !== "string") return;
  const own = call.db.get<{ ready: number | null }>("SELECT ready FROM models WHERE id = ? AND company = ?", model, call.caller.company);
  if (own !== undefined && own.ready !== 1) updateDocument(call.db, MODEL, model, { ready: true, ...updatedNow(call) });
}
