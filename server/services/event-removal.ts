import { ApiFault } from "../api-fault.ts";
import { flagOf, integerOf, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Owner, requireOwner, unknownOwners } from "./event-owners.ts";

/**
 * Events are deleted in two steps, so that no call holds up the writer: the task or model lets go of them at once, and the
 * sweeper deletes them in slices (event-sweeping.ts), `withFiles` their images too.
 */
export function deleteEventsOf(call: Call, id: string, withFiles = false): void {
  call.db.run("UPDATE event_owners SET id = NULL, files_doomed = ? WHERE id = ?", withFiles ? call.nowMs : null, id);
}

/** `events.delete_for_task`, `events.delete_for_model` (clearml-tasks-events.md 13): counted by a reader, let go by the writer. */
function deleteFor(call: Call, body: Body, field: "task" | "model"): object {
  const owner = requireUnlocked(call, requiredText(body, field), field, flagOf(body, "allow_locked"));
  call.effects.followUp = { endpoint: "internal.forget_events", body: { id: owner.id } };
  return { deleted: countOf(call, owner) };
}

/** Throws for what is unknown, public or published. */
function requireUnlocked(call: Call, id: string, field: "task" | "model", isUnlocked: boolean): Owner {
  const { company } = call.caller;
  const [table, state] =
    field === "task" ? (["tasks", "status IN ('published', 'publishing')"] as const) : (["models", "ready = 1"] as const);
  const row = call.db.get<{ company: string; locked: number | null }>(`SELECT company, ${state} AS locked FROM ${table} WHERE id = ?`, id);
  if (row === undefined || (row.company !== company && row.company !== ""))
    throw field === "task" ? unknownOwners(table, { id, company }) : unknownOwners(table, { ids: [id] });
  if (row.company === "")
    throw new ApiFault(403, 21, `Forbidden (modification not allowed) (cannot modify public ${field}(s), ids=('${id}',))`);
  if (row.locked === 1 && !isUnlocked)
    throw new ApiFault(400, field === "task" ? 101 : 201, `Cannot update events for a published ${field}`, { company, id });
  return requireOwner(call, id, { model_events: field === "model" });
}

function countOf(call: Call, { seq }: Owner): number {
  const sql = `SELECT (SELECT count(*) FROM log_events WHERE task = @seq) + (SELECT count(*) FROM other_events WHERE task = @seq)
    + (SELECT count(*) FROM series JOIN points ON points.series = series.seq WHERE task = @seq) AS n`;
  return call.db.get<{ n: number }>(sql, { seq })?.n ?? 0;
}

/** `events.clear_task_log`: all lines up to now, those older than a threshold, those of some metrics. */
function clearTaskLog(call: Call, body: Body): object {
  const owner = requireUnlocked(call, requiredText(body, "task"), "task", flagOf(body, "allow_locked"));
  const threshold = integerOf(body, "threshold_sec") ?? 0;
  const before = threshold > 0 ? call.nowMs - threshold * 1000 : Number.MAX_SAFE_INTEGER;
  const last = call.db.get<{ seq: number | null }>("SELECT max(seq) AS seq FROM log_events")?.seq ?? 0;
  const names = { included: textListOf(body, "include_metrics") ?? [], excluded: textListOf(body, "exclude_metrics") ?? [] };
  const clearing = { owner: owner.seq, before, last, ...names };
  const sql = `SELECT count(*) AS n FROM log_events WHERE task = @owner AND timestamp < @before AND seq <= @last AND ${OF_METRICS}`;
  const deleted = call.db.get<{ n: number }>(sql, bound(clearing))?.n ?? 0;
  if (deleted > 0) call.effects.followUp = { endpoint: "internal.clear_log", body: { ...clearing, after: [Number.MIN_SAFE_INTEGER, 0] } };
  return { deleted };
}

const OF_METRICS = `(@included = '[]' OR coalesce(metric, '') IN (SELECT value FROM json_each(@included)))
  AND coalesce(metric, '') NOT IN (SELECT value FROM json_each(@excluded))`;

interface Clearing {
  readonly owner: number;
  readonly before: number;
  readonly last: number;
  readonly included: readonly string[];
  readonly excluded: readonly string[];
}

const bound = ({ included, excluded, ...numbers }: Clearing): Record<string, string | number> => ({
  ...numbers,
  included: JSON.stringify(included),
  excluded: JSON.stringify(excluded),
});

const SLICE = 2000;

/** One slice; `next` is the body of the call that goes on behind it. */
function clearSlice({ db }: Call, body: Body): object {
  const clearing = body as unknown as Clearing & { after: [number, number] };
  const { after, ...what } = clearing;
  const rows = db.all<{ seq: number; timestamp: number }>(
    `SELECT seq, timestamp FROM log_events WHERE task = ? AND (timestamp, seq) > (?, ?) AND timestamp < ? ORDER BY timestamp, seq LIMIT ${SLICE}`,
    ...[what.owner, ...after, what.before],
  );
  const end = rows.at(-1);
  if (end === undefined) return {};
  const sql = `DELETE FROM log_events WHERE seq IN (SELECT seq FROM log_events WHERE task = @owner AND (timestamp, seq) > (@time, @seq)
    AND (timestamp, seq) <= (@endTime, @endSeq)) AND seq <= @last AND ${OF_METRICS}`;
  db.run(sql, { ...bound(what), time: after[0], seq: after[1], endTime: end.timestamp, endSeq: end.seq });
  return rows.length < SLICE ? {} : { next: { ...what, after: [end.timestamp, end.seq] } };
}

export const EVENT_REMOVAL_ENDPOINTS: readonly Endpoint[] = [
  read("events.delete_for_task", (call, body) => deleteFor(call, body, "task")),
  read("events.delete_for_model", (call, body) => deleteFor(call, body, "model")),
  read("events.clear_task_log", clearTaskLog),
  write("internal.forget_events", (call, body) => {
    deleteEventsOf(call, requiredText(body, "id"));
    return {};
  }),
  write("internal.clear_log", clearSlice),
];
