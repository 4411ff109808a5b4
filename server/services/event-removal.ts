import type { Call } from "../endpoint.ts";

/** Deletes every event of a task; how many there were. */
export function deleteEventsOf(call: Call, task: string): number {
  const seq = call.db.get<{ seq: number }>("SELECT seq FROM tasks WHERE id = ?", task)?.seq;
  if (seq === undefined) return 0;
  const logs = call.db.run("DELETE FROM log_events WHERE task = ?", seq);
  const points = call.db.run("DELETE FROM points WHERE series IN (SELECT seq FROM series WHERE task = ?)", seq);
  call.db.run("DELETE FROM series WHERE task = ?", seq);
  const others = call.db.run("DELETE FROM other_events WHERE task = ?", seq);
  return logs + points + others;
}
