import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";
import { findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";

/** A task's `last_iteration` only grows. */
export function raiseIteration(call: Call, task: unknown, iteration: number | undefined): void {
  if (iteration === undefined || typeof task !== "string") return;
  const before = findDocument(call.db, TASK, task, ["last_iteration"])?.["last_iteration"];
  const now = wireDate(call.nowMs);
  const last = Math.max(typeof before === "number" ? before : 0, iteration);
  updateDocument(call.db, TASK, task, { last_iteration: last, last_update: now, last_change: now, last_changed_by: call.caller.user });
}
