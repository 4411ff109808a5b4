import { ApiFault, invalidTask } from "../api-fault.ts";
import { integerOf, isMap, numberOf, requiredText, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { QUEUE, TASK } from "../store/kinds.ts";
import { glob } from "../store/patterns.ts";
import { countOf, entriesOf, requireQueue } from "./queue-entries.ts";

/** `workers.*` (clearml-api.md 6): who is there, what it runs, how its machine does. */
const DEFAULT_TIMEOUT_SEC = 600;
const MAX_TIMEOUT_SEC = 10 * 365 * 86_400;
/** Machine figures are kept for a week. */
const STATS_KEPT_MS = 7 * 86_400_000;

interface WorkerRow {
  readonly key: string;
  readonly id: string;
  readonly user: string;
  readonly company: string;
  readonly ip: string | null;
  readonly queues: string;
  readonly queue: string | null;
  readonly task: string | null;
  readonly tags: string | null;
  readonly system_tags: string | null;
  readonly register_time: number;
  readonly register_timeout: number;
  readonly last_activity: number;
  readonly last_report: number | null;
}

const keyOf = (call: Call, worker: string): string => `worker_${call.caller.company}_${call.caller.user}_${worker}`;

function register(call: Call, body: Body): object {
  const queues = textListOf(body, "queues") ?? [];
  for (const queue of queues) requireQueue(call, queue);
  save(call, requiredText(body, "worker"), queues, integerOf(body, "timeout", 1, MAX_TIMEOUT_SEC) ?? DEFAULT_TIMEOUT_SEC, body);
  return {};
}

function save(call: Call, worker: string, queues: readonly string[], timeoutSec: number, body: Body): void {
  call.db.run("DELETE FROM workers WHERE expires < ?", call.nowMs);
  call.db.run(
    `INSERT OR REPLACE INTO workers (key, id, user, company, queues, tags, system_tags, register_time, register_timeout, last_activity, expires)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    keyOf(call, worker),
    worker,
    call.caller.user,
    call.caller.company,
    JSON.stringify(queues),
    JSON.stringify(textListOf(body, "tags") ?? []),
    JSON.stringify(textListOf(body, "system_tags") ?? []),
    call.nowMs,
    timeoutSec,
    call.nowMs,
    call.nowMs + timeoutSec * 1000,
  );
}

function unregister(call: Call, body: Body): object {
  call.db.run("DELETE FROM workers WHERE key = ?", keyOf(call, requiredText(body, "worker")));
  return {};
}

/** Registers an unknown worker by itself; a report without `task` clears it; a non-empty `queues` replaces the list. */
function statusReport(call: Call, body: Body): object {
  const worker = requiredText(body, "worker");
  const [task, queue, queues] = [textOf(body, "task"), textOf(body, "queue"), textListOf(body, "queues") ?? []];
  if (numberOf(body, "timestamp") === undefined) throw new ApiFault(400, 11, "Missing required fields: timestamp");
  const tags = textListOf(body, "tags");
  const key = keyOf(call, worker);
  const known = call.db.get<WorkerRow & Record<string, unknown>>("SELECT * FROM workers WHERE key = ? AND expires > ?", key, call.nowMs);
  if (known === undefined) save(call, worker, queues, DEFAULT_TIMEOUT_SEC, body);
  if (task !== undefined && task !== "") markTask(call, task, worker);
  const timeoutMs = (known?.register_timeout ?? DEFAULT_TIMEOUT_SEC) * 1000;
  const list = queues.length > 0 ? JSON.stringify(queues) : (known?.queues ?? "[]");
  call.db.run(
    "UPDATE workers SET task = ?, queue = ?, queues = ?, tags = coalesce(?, tags), last_activity = ?, last_report = ?, expires = ? WHERE key = ?",
    task === undefined || task === "" ? null : task,
    queue ?? null,
    list,
    tags === undefined ? null : JSON.stringify(tags),
    call.nowMs,
    call.nowMs,
    call.nowMs + timeoutMs,
    key,
  );
  if (isMap(body["machine_stats"])) saveStats(call, worker, body["machine_stats"]);
  return {};
}

function markTask(call: Call, task: string, worker: string): void {
  const now = wireDate(call.nowMs);
  if (!updateDocument(call.db, TASK, task, { last_worker: worker, last_worker_report: now, last_update: now, last_change: now }))
    throw invalidTask(task);
}

function saveStats(call: Call, worker: string, stats: Document): void {
  call.db.run("INSERT OR REPLACE INTO worker_stats (worker, at, stats) VALUES (?, ?, ?)", worker, call.nowMs, JSON.stringify(stats));
  call.db.run("DELETE FROM worker_stats WHERE worker = ? AND at < ?", worker, call.nowMs - STATS_KEPT_MS);
}

function living(call: Call, body: Body): WorkerRow[] {
  const lastSeenSec = numberOf(body, "last_seen") ?? 3600;
  const since = lastSeenSec <= 0 ? 0 : call.nowMs - lastSeenSec * 1000;
  const rows = call.db.all<WorkerRow & Record<string, unknown>>(
    "SELECT * FROM workers WHERE expires > ? AND last_activity >= ? ORDER BY id",
    call.nowMs,
    since,
  );
  const pattern = textOf(body, "worker_pattern");
  const tags = textListOf(body, "tags") ?? [];
  return rows
    .filter((row) => pattern === undefined || glob(pattern).test(row.id))
    .filter((row) => tags.length === 0 || tags.some((tag) => (JSON.parse(row.tags ?? "[]") as string[]).includes(tag)));
}

function workerDocument(call: Call, row: WorkerRow): Document {
  const userName = call.db.get<{ name: string }>("SELECT name FROM users WHERE id = ?", row.user)?.name;
  const queues = (JSON.parse(row.queues) as string[]).map((queue) => queueSummary(call, queue));
  const task = row.task === null ? {} : taskSummary(call, row.task);
  return {
    key: row.key,
    id: row.id,
    user: { id: row.user, name: userName },
    company: { id: row.company, name: "clearml" },
    ip: row.ip ?? "",
    ...task,
    queues,
    ...(row.queue === null ? {} : { queue: queueSummary(call, row.queue) }),
    register_time: wireDate(row.register_time),
    register_timeout: row.register_timeout,
    last_activity_time: wireDate(row.last_activity),
    ...(row.last_report === null ? {} : { last_report_time: wireDate(row.last_report) }),
    tags: JSON.parse(row.tags ?? "[]"),
    system_tags: JSON.parse(row.system_tags ?? "[]"),
  };
}

function queueSummary(call: Call, id: string): Document {
  const queue = findDocument(call.db, QUEUE, id, ["name", "display_name"]);
  const next = entriesOf(call, id, 1)[0]?.task;
  const nextName = next === undefined ? undefined : findDocument(call.db, TASK, next, ["name"])?.["name"];
  return {
    id,
    name: queue?.["name"],
    display_name: queue?.["display_name"],
    num_tasks: countOf(call, id),
    ...(next === undefined ? {} : { next_task: { id: next, name: nextName } }),
  };
}

function taskSummary(call: Call, id: string): Document {
  const task = findDocument(call.db, TASK, id, ["name", "started", "last_iteration", "project"]);
  if (task === undefined) return {};
  const started = Date.parse(String(task["started"] ?? ""));
  const project = typeof task["project"] === "string" ? task["project"] : undefined;
  const projectName =
    project === undefined ? undefined : call.db.get<{ name: string }>("SELECT name FROM projects WHERE id = ?", project)?.name;
  return {
    task: {
      id,
      name: task["name"],
      running_time: Number.isNaN(started) ? 0 : call.nowMs - started,
      last_iteration: task["last_iteration"],
    },
    ...(project === undefined ? {} : { project: { id: project, name: projectName } }),
  };
}

/** Numbers of workers there and at work, at this moment, over the asked time: the store keeps no history of them. */
function activityReport(call: Call): object {
  const rows = living(call, {});
  const dates = [Math.floor(call.nowMs / 1000)];
  return { total: { dates, counts: [rows.length] }, active: { dates, counts: [rows.filter((row) => row.task !== null).length] } };
}

export const WORKER_ENDPOINTS: readonly Endpoint[] = [
  write("workers.register", register),
  write("workers.unregister", unregister),
  write("workers.status_report", statusReport),
  read("workers.get_all", (call, body) => ({ workers: living(call, body).map((row) => workerDocument(call, row)) })),
  read("workers.get_count", (call, body) => ({ count: living(call, { last_seen: 0, ...body }).length })),
  read("workers.get_activity_report", activityReport),
];
