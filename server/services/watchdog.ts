import { wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { changeStatus } from "./statuses.ts";

/** Tasks that claim to run and went silent are stopped (clearml-api.md 3.5). The HTTP thread calls this on a schedule. */
const REASON = "Forced stop (non-responsive)";

function stopSilent(call: Call, body: Body): object {
  const before = wireDate(call.nowMs - Number(body["silent_ms"]));
  const silent = call.db.all<{ id: string }>("SELECT id FROM tasks WHERE status = 'in_progress' AND last_update < ?", before);
  for (const { id } of silent) changeStatus(call, { task: id, to: "stopped", reason: REASON, message: REASON, force: true });
  return { stopped: silent.map((row) => row.id) };
}

export const WATCHDOG_ENDPOINTS: readonly Endpoint[] = [write("internal.stop_silent", stopSilent)];
