import { integerOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { updatedNow, updateTask } from "./task-changes.ts";
import { touchProjects } from "./touched-project.ts";

/**
 * Tasks that claim to run and went silent are stopped (clearml-api.md 3.5). The HTTP thread calls this on a schedule.
 * Silence counts from `since_ms` at the earliest: nobody could speak to a server that was away. Whoever they
 * belong to, and without a time of completion.
 */
const REASON = "Forced stop (non-responsive)";

function stopSilent(call: Call, body: Body): object {
  const beforeMs = call.nowMs - (integerOf(body, "silent_ms") ?? 0);
  if (beforeMs < (integerOf(body, "since_ms") ?? 0)) return { stopped: [] };
  const silent = call.db.all<{ id: string; project: string | null }>(
    "SELECT id, project FROM tasks WHERE status = 'in_progress' AND last_update < ?",
    wireDate(beforeMs),
  );
  const stopped = { status: "stopped", status_reason: REASON, status_message: REASON, status_changed: wireDate(call.nowMs) };
  for (const { id } of silent) updateTask(call, id, { ...stopped, ...updatedNow(call) });
  for (const { id } of silent) call.effects.tasks.add(id);
  touchProjects(call, ...silent.map((row) => row.project));
  return { stopped: silent.map((row) => row.id) };
}

export const WATCHDOG_ENDPOINTS: readonly Endpoint[] = [write("internal.stop_silent", stopSilent)];
