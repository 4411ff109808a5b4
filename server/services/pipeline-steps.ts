import { flagOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/**
 * `include_pipeline_steps` (clearml-tasks-events.md 6): the caller's own tasks right below a controller; none for a task of
 * another type, and for a token that is limited to its own task. Each is treated with force, before the controller.
 */
export function pipelineSteps(call: Call, body: Body, task: Document): string[] {
  if (!flagOf(body, "include_pipeline_steps") || task["type"] !== "controller" || call.caller.onlyTask !== undefined) return [];
  const rows = call.db.all<{ id: string }>(
    "SELECT id FROM tasks WHERE parent = ? AND company = ?",
    String(task["id"]),
    call.caller.company,
  );
  return rows.map((row) => row.id);
}
