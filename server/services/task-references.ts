import { ApiFault, publicObject } from "../api-fault.ts";
import type { Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { modelsOf } from "./task-shapes.ts";

/** What a task refers to: its parent, its project, its input models (clearml-tasks-events.md 4). */
const TABLES = { Task: "tasks", Project: "projects" } as const;

export const DELETED = "__DELETED__";

/** A reference as a caller gives it in a new or edited task: 400/16 when there is no such thing, in whatever company. */
export function requireExisting(call: Call, kind: keyof typeof TABLES, field: string, id: unknown): void {
  if (id === undefined || id === null) return;
  if (typeof id === "string" && call.db.get(`SELECT 1 FROM ${TABLES[kind]} WHERE id = ?`, id) !== undefined) return;
  throw new ApiFault(400, 16, `Invalid value for fields (expecting ${kind} id)`, { id, field });
}

export interface Checks {
  readonly parent?: boolean;
  readonly project?: boolean;
  readonly models?: boolean;
}

/** Whether the caller may refer to these; a public project is refused in any case, since the task would change it. */
export function requireReferences(call: Call, task: Document, { parent = true, project = true, models = true }: Checks = {}): void {
  const { company } = call.caller;
  const parentId = task["parent"];
  if (parent && typeof parentId === "string" && !parentId.startsWith(DELETED) && companyOf(call, "tasks", parentId) === undefined)
    throw new ApiFault(400, 101, "Invalid task id (invalid parent)", { parent: parentId });
  const projectId = task["project"];
  if (typeof projectId === "string") {
    const owner = companyOf(call, "projects", projectId);
    if (owner === "") throw publicObject("project", [projectId]);
    if (project && owner !== company) throw new ApiFault(400, 401, "Invalid project id", { id: projectId });
  }
  if (models) requireInputModels(call, task);
}

function requireInputModels(call: Call, task: Document): void {
  const ids = new Set(modelsOf(task, "input").map((item) => String(item["model"])));
  const missing = [...ids].filter((id) => companyOf(call, "models", id) === undefined);
  if (missing.length > 0) throw new ApiFault(400, 201, "Invalid model id", { models: missing });
}

/** Whose it is, if the caller can see it: the own company's or `""`. */
function companyOf(call: Call, table: string, id: string): string | undefined {
  const company = call.db.get<{ company: string | null }>(`SELECT company FROM ${table} WHERE id = ?`, id)?.company ?? undefined;
  return company === call.caller.company || company === "" ? company : undefined;
}
