import { ApiFault } from "../api-fault.ts";
import { textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { ensureProject } from "./project-names.ts";

/** Where a list of tasks or models is moved to: `project`, or without one `project_name` (clearml-services.md 3). */
export function requireTarget(body: Body): void {
  if ("project" in body || textOf(body, "project_name")) return;
  throw new ApiFault(400, 11, "Missing required fields (project or project_name is required)");
}

/** Made when it is only named, and missing; null: out of every project. */
export function targetOf(call: Call, body: Body): string | null {
  const [id, name] = [textOf(body, "project"), textOf(body, "project_name")];
  if (!id) return name ? ensureProject(call, name) : null;
  const company = call.db.get<{ company: string }>("SELECT company FROM projects WHERE id = ?", id)?.company;
  if (company !== call.caller.company) throw new ApiFault(400, 401, "Invalid project id", { id });
  return id;
}
