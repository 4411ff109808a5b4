import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";

/** What moves with the writes to a task (clearml-tasks-events.md 1): `last_change` always, `last_update` with what a run does. */
export function changedNow(call: Call): Document {
  return { last_change: wireDate(call.nowMs), last_changed_by: call.caller.user };
}

export function updatedNow(call: Call): Document {
  return { last_update: wireDate(call.nowMs), ...changedNow(call) };
}

/** A sign of life of a run: `last_update`, and while it is in progress how long that is, in whole seconds. */
export function aliveNow(call: Call, task: Document): Document {
  const startedMs = task["status"] === "in_progress" ? Date.parse(String(task["started"])) : Number.NaN;
  if (Number.isNaN(startedMs)) return updatedNow(call);
  return { ...updatedNow(call), active_duration: Math.max(0, Math.trunc((call.nowMs - startedMs) / 1000)) };
}

export function updateTask(call: Call, id: string, changes: Document): boolean {
  return updateDocument(call.db, TASK, id, changes);
}
