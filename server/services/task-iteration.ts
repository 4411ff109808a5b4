import type { Call } from "../endpoint.ts";
import { findDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { aliveNow, updateTask } from "./task-changes.ts";

/** A task's `last_iteration` only grows. */
export function raiseIteration(call: Call, id: unknown, iteration: number | undefined): void {
  if (iteration === undefined || typeof id !== "string") return;
  const task = findDocument(call.db, TASK, id, ["last_iteration", "status", "started"]);
  if (task === undefined) return;
  const last = Math.max(Number(task["last_iteration"] ?? 0), iteration);
  updateTask(call, id, { last_iteration: last, ...aliveNow(call, task) });
}
