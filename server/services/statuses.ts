import { ApiFault } from "../api-fault.ts";
import { flagOf, textOf, wireDate } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { writableTask } from "./task-access.ts";
import { updatedNow, updateTask } from "./task-changes.ts";
import { touchProjects } from "./touched-project.ts";

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
  if (status === undefined || status === "") return undefined;
  if (!STEPS.has(status) && status !== "unknown") throw new ApiFault(400, 12, `Validation error (Invalid task status: ${status})`);
  return status;
}

/** Fields that every rule about a status reads. */
const STATE_FIELDS = [
  "name",
  "type",
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
  "output",
  "project",
] as const;

export interface StatusStep {
  readonly task: string;
  readonly to: string;
  readonly reason?: string;
  readonly message?: string;
  readonly force?: boolean;
  /** Set with the status and shown in the reply, null included. */
  readonly changes?: Document;
  /** Set as well, but not shown. */
  readonly unshown?: Document;
}

export interface StatusReply {
  readonly updated: number;
  readonly fields: Document;
}

export function stateOf(call: Call, task: string): Document {
  return writableTask(call, task, STATE_FIELDS);
}

/** Carries out one step of the state machine; texts that are not given are cleared, as there. */
export function changeStatus(call: Call, step: StatusStep): StatusReply {
  const state = stateOf(call, step.task);
  const from = String(state["status"]);
  if (step.force !== true && from !== step.to) requireStep(from, step.to);
  const fields: Document = {
    status: step.to,
    status_reason: step.reason ?? "",
    status_message: step.message ?? "",
    status_changed: wireDate(call.nowMs),
    ...updatedNow(call),
    ...step.changes,
  };
  updateTask(call, step.task, { ...fields, ...step.unshown, ...withoutDevelopment(step.to, state) });
  touchProjects(call, state["project"]);
  call.effects.tasks.add(step.task);
  return { updated: 1, fields };
}

/** 400/110 for a step that the state machine does not know. */
export function requireStep(from: string, to: string): void {
  const steps = STEPS.get(from);
  if (steps === undefined) throw new ApiFault(500, 1, `Internal server error (Current status ${from} not supported by state machine)`);
  if (!steps.includes(to))
    throw new ApiFault(400, 110, "Invalid task status (Invalid status change)", { current_status: from, new_status: to });
}

/** A task in a queue is an agent's from now on. */
function withoutDevelopment(to: string, state: Document): Document {
  return to === "queued" ? { system_tags: (state["system_tags"] as string[]).filter((tag) => tag !== "development") } : {};
}

/** The texts and `force` that every status call takes. */
export function noteOf(body: Body): { reason: string; message: string; force: boolean } {
  return { reason: textOf(body, "status_reason") ?? "", message: textOf(body, "status_message") ?? "", force: flagOf(body, "force") };
}
