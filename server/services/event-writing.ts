import { ApiFault } from "../api-fault.ts";
import type { Body, Call } from "../endpoint.ts";
import { md5 } from "../store/database.ts";
import type { Document } from "../store/documents.ts";
import { jsonText } from "../store/json-text.ts";
import { type EventFields, fieldsOf } from "./event-fields.ts";
import { finish, type Touched } from "./touched-task.ts";

/**
 * `events.add` and `events.add_batch` (clearml-api.md 7.1): log events are appended; all others have an identity and
 * replace what stood there. Each touched task gets its last_update, and last_iteration, last_metrics, metric_stats.
 */
const TYPES = new Set(["log", "training_stats_scalar", "training_stats_vector", "training_debug_image", "plot"]);
const MONITOR = new Set([":monitor:machine", ":monitor:gpu"]);

export function addEvents(call: Call, lines: readonly Body[]): object {
  if (lines.length === 0) throw new ApiFault(400, 17, "Batch contains no items");
  const touched = new Map<string, Touched | string>();
  const refused = new Map<string, number>();
  let added = 0;
  for (const event of lines) {
    const problem = problemOf(() => addOne(call, event, touched));
    if (problem === undefined) added++;
    else refused.set(problem, (refused.get(problem) ?? 0) + 1);
  }
  for (const task of touched.values()) if (typeof task !== "string") finish(call, task);
  const errors = lines.length - added;
  const info = Object.fromEntries(refused);
  if (added === 0) throw new ApiFault(400, 131, "Events not added", info);
  return { added, errors, errors_info: info };
}

/** A refusal in the middle of an event costs this event, like every other one. */
function problemOf(add: () => string | undefined): string | undefined {
  try {
    return add();
  } catch (error) {
    if (error instanceof ApiFault) return error.message;
    throw error;
  }
}

/** Stores one event; the reason when it is refused. */
function addOne(call: Call, event: Body, touched: Map<string, Touched | string>): string | undefined {
  const type = String(event["type"] ?? "").replaceAll(" ", "_");
  if (!TYPES.has(type)) return `Invalid event type ${type}`;
  if (typeof event["task"] !== "string" || event["task"] === "") return "Event must have a 'task' field";
  const task = taskOf(call, event, touched);
  if (typeof task === "string") return task;
  const fields = fieldsOf(call, event, type);
  if (typeof fields === "string") return fields;
  const { metric } = fields;
  if (type === "log") insertLog(call, task, event, fields);
  else if (type === "training_stats_scalar") insertPoint(call, task, event, fields);
  else insertOther(call, task, event, fields);
  if (fields.iter !== undefined && !MONITOR.has(metric)) task.lastIteration = Math.max(task.lastIteration, fields.iter);
  const types = task.eventTypes.get(metric) ?? new Set();
  task.eventTypes.set(metric, types.add(type));
  return undefined;
}

function taskOf(call: Call, event: Body, touched: Map<string, Touched | string>): Touched | string {
  const id = String(event["task"]);
  const key = event["allow_locked"] === true ? `${id} locked` : id;
  const known = touched.get(key);
  if (known !== undefined) return known;
  const row = call.db.get<{ seq: number; status: string }>("SELECT seq, status FROM tasks WHERE id = ?", id);
  const locked = (row?.status === "published" || row?.status === "publishing") && event["allow_locked"] !== true;
  const task: Touched | string =
    row === undefined
      ? `Invalid task id ${id}`
      : locked
        ? `Task status does not allow events ${id}`
        : { id, seq: row.seq, points: [], eventTypes: new Map(), lastIteration: 0 };
  touched.set(key, task);
  return task;
}

const workerOf = (call: Call, event: Body): string => String(event["worker"] ?? call.worker);

function insertLog(call: Call, task: Touched, event: Body, fields: EventFields): void {
  call.db.run(
    "INSERT INTO log_events (task, timestamp, written, worker, level, metric, variant, iter, msg) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    task.seq,
    fields.timestamp,
    call.nowMs,
    workerOf(call, event),
    typeof event["level"] === "string" ? event["level"] : null,
    fields.metric === "" ? null : fields.metric,
    fields.variant === "" ? null : fields.variant,
    fields.iter ?? null,
    String(event["msg"] ?? ""),
  );
}

function insertPoint(call: Call, task: Touched, event: Body, fields: EventFields): void {
  const { value } = fields;
  const iter = fields.iter ?? 0;
  const label = typeof event["x_axis_label"] === "string" ? event["x_axis_label"] : undefined;
  const series = seriesOf(call, task.seq, fields.metric, fields.variant, label);
  call.db.run(
    "INSERT OR REPLACE INTO points (series, iter, value, timestamp, written, worker) VALUES (?, ?, ?, ?, ?, ?)",
    series,
    iter,
    value,
    fields.timestamp,
    call.nowMs,
    workerOf(call, event),
  );
  task.points.push({ metric: fields.metric, variant: fields.variant, iter, timestamp: fields.timestamp, value, label });
}

function seriesOf(call: Call, task: number, metric: string, variant: string, label: string | undefined): number {
  const known = call.db.get<{ seq: number }>("SELECT seq FROM series WHERE task = ? AND metric = ? AND variant = ?", task, metric, variant);
  if (known !== undefined && label === undefined) return known.seq;
  if (known === undefined)
    return call.db.insert(
      "INSERT INTO series (task, metric, variant, x_axis_label) VALUES (?, ?, ?, ?)",
      task,
      metric,
      variant,
      label ?? null,
    );
  call.db.run("UPDATE series SET x_axis_label = ? WHERE seq = ?", label ?? null, known.seq);
  return known.seq;
}

const OWN_COLUMNS = new Set([
  "type",
  "task",
  "metric",
  "variant",
  "iter",
  "timestamp",
  "ts",
  "worker",
  "key",
  "allow_locked",
  "skip_validation",
]);

function insertOther(call: Call, task: Touched, event: Body, fields: EventFields): void {
  const key = typeof event["key"] === "string" ? event["key"] : undefined;
  const identity = [task.id, fields.iter, fields.metric, fields.variant, key].filter((part) => part !== undefined && part !== "").join("-");
  const kept = Object.entries(event)
    .filter(([name]) => !OWN_COLUMNS.has(name))
    .map(([name, value]) => [name === "values" ? "value" : name, value]);
  const rest: Document = {
    ...Object.fromEntries(kept),
    ...(typeof event["plot_str"] === "string" ? { plot_len: event["plot_str"].length } : {}),
  };
  call.db.run(
    `INSERT OR REPLACE INTO other_events (id, task, type, metric, variant, iter, timestamp, written, worker, key, fields)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    md5(identity),
    task.seq,
    fields.type,
    fields.metric,
    fields.variant,
    fields.iter ?? null,
    fields.timestamp,
    call.nowMs,
    workerOf(call, event),
    key ?? null,
    jsonText(rest, "event"),
  );
}
