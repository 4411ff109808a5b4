import { integerOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { changeStatus } from "./statuses.ts";

/**
 * Tasks that claim to run and went silent are stopped (clearml-api.md 3.5). The HTTP thread calls this on a schedule.
 * Silence counts from `since_ms` at the earliest: nobody could speak to a server that was away.
 */
const REASON = "Forced stop (non-responsive)";

function stopSilent(call: Call, body: Body): object {
  const beforeMs = call.nowMs - (integerOf(body, "silent_ms") ?? 0);
  if (beforeMs < (integerOf(body, "since_ms") ?? 0)) return { stopped: [] };
  const silent = call.db.all<{ id: string }>("SELECT id FROM tasks WHERE status = 'in_progress' AND last_update < ?", wireDate(beforeMs));
  for (const { id } of silent) changeStatus(call, { task: id, to: "stopped", reason: REASON, message: REASON, force: true });
  return { stopped: silent.map((row) => row.id) };
}

export const WATCHDOG_ENDPOINTS: readonly Endpoint[] = [write("internal.stop_silent", stopSilent)];
