import { ApiFault, invalidTask } from "../api-fault.ts";
import { flagOf, textOf, wireDate } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";

/** The legal steps of a task (clearml-api.md 3.1). Same to same is always allowed. */
const STEPS: ReadonlyMap<string, readonly string[]> = new Map([
  ["created", ["queued", "in_progress"]],
  ["queued", ["created", "in_progress", "stopped"]],
  ["in_progress", ["stopped", "failed", "created", "completed"]],
  ["stopped", ["closed", "created", "failed", "queued", "in_progress", "published", "publishing", "completed"]],
  ["closed", ["created", "failed", "published", "publishing", "stopped"]],
  ["failed", ["created", "stopped", "published", "queued"]],
  ["completed", ["published", "in_progress", "created"]],
  ["publishing", ["published"]],
  ["published", []],
]);

/** A status that a caller names; 400/12 for one that there is not. */
export function statusOf(body: Body, name: string): string | undefined {
  const status = textOf(body, name);
  if (status !== undefined && !STEPS.has(status)) throw new ApiFault(400, 12, "Validation error (invalid task status)", { [name]: status });
  return status;
}

/** Fields that every rule about a status reads. */
const STATE_FIELDS = [
  "name",
  "status",
  "status_message",
  "status_reason",
  "company",
  "started",
  "last_update",
  "last_worker",
  "system_tags",
  "enqueue_status",
  "execution",
  "project",
] as const;

export interface StatusStep {
  readonly task: string;
  readonly to: string;
  readonly reason?: string;
  readonly message?: string;
  readonly force?: boolean;
  readonly changes?: Document;
}

export interface StatusReply {
  readonly updated: number;
  readonly fields: Document;
}

export function stateOf(call: Call, task: string): Document {
  const state = findDocument(call.db, TASK, task, STATE_FIELDS);
  if (state === undefined) throw invalidTask(task);
  if (state["company"] === "") throw new ApiFault(403, 21, "Cannot modify public object(s)", { id: task });
  return state;
}

/** Carries out one step of the state machine; texts that are not given are cleared, as there. */
export function changeStatus(call: Call, step: StatusStep): StatusReply {
  const state = stateOf(call, step.task);
  const from = String(state["status"]);
  if (step.force !== true && from !== step.to && STEPS.get(from)?.includes(step.to) !== true) {
    throw new ApiFault(400, 110, "Invalid task status", { current_status: from, new_status: step.to, task: step.task });
  }
  const now = wireDate(call.nowMs);
  const fields: Document = {
    status: step.to,
    status_reason: step.reason ?? "",
    status_message: step.message ?? "",
    status_changed: now,
    last_update: now,
    last_change: now,
    last_changed_by: call.caller.user,
    ...step.changes,
  };
  if (step.to === "queued") fields["system_tags"] = (state["system_tags"] as string[]).filter((tag) => tag !== "development");
  updateDocument(call.db, TASK, step.task, fields);
  call.effects.tasks.add(step.task);
  return { updated: 1, fields: shown(fields) };
}

/** The reply shows what was set, without what was taken away. */
function shown(fields: Document): Document {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== null && name !== "system_tags"));
}

/** The texts and `force` that every status call takes. */
export function noteOf(body: Body): { reason: string; message: string; force: boolean } {
  return { reason: textOf(body, "status_reason") ?? "", message: textOf(body, "status_message") ?? "", force: flagOf(body, "force") };
}
