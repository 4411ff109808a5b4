import { numberOf, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { glob } from "../store/patterns.ts";
import { countOf, entriesOf } from "./queue-entries.ts";
import { namesOfTasks } from "./queue-list.ts";
import { testOfTags } from "./worker-tags.ts";

/** `workers.get_all`, `get_count` (clearml-services.md 11): who is there, and what it does. */

/** Times in ms. */
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

const LAST_SEEN_SEC = 3600;

/** `last_seen` in seconds, 0 = whenever. */
function living(call: Call, body: Body, lastSeenSec: number): WorkerRow[] {
  const since = lastSeenSec === 0 ? 0 : call.nowMs - Math.max(1, lastSeenSec) * 1000;
  const sql = "SELECT * FROM workers WHERE company = ? AND expires > ? AND last_activity >= ? ORDER BY id";
  const rows = call.db.all<WorkerRow & Record<string, unknown>>(sql, call.caller.company, call.nowMs, since);
  const pattern = textOf(body, "worker_pattern");
  const name = pattern === undefined || pattern === "" ? undefined : glob(pattern);
  const tests = (["tags", "system_tags"] as const).map((kind) => testOfTags(call, kind, textListOf(body, kind) ?? []));
  return rows.filter((row) => name?.test(row.id) !== false && tests.every((test) => test?.(row.key) !== false));
}

function getAll(call: Call, body: Body): object {
  const show = shownWorker(call);
  return { workers: living(call, body, numberOf(body, "last_seen") ?? LAST_SEEN_SEC).map(show) };
}

function shownWorker(call: Call): (row: WorkerRow) => Document {
  const userName = remembered((id) => call.db.get<{ name: string }>("SELECT name FROM users WHERE id = ?", id)?.name);
  const queueOf = remembered((id) => queueSummary(call, id));
  return (row) => {
    const queues = [...new Set(JSON.parse(row.queues) as string[])];
    return {
      id: row.id,
      key: row.key,
      user: { id: row.user, name: userName(row.user) },
      company: { id: row.company, name: "clearml" },
      ip: row.ip ?? "",
      register_time: wireDate(row.register_time),
      register_timeout: row.register_timeout,
      last_activity_time: wireDate(row.last_activity),
      ...(row.last_report === null ? {} : { last_report_time: wireDate(row.last_report) }),
      tags: JSON.parse(row.tags ?? "[]"),
      system_tags: JSON.parse(row.system_tags ?? "[]"),
      ...(row.task === null ? {} : taskSummary(call, row.task)),
      ...(row.queue === null || !queues.includes(row.queue) ? {} : { queue: queueOf(row.queue) }),
      queues: queues.map(queueOf),
    };
  };
}

/** Ten thousand workers ask for the same few queues. */
function remembered<T>(find: (id: string) => T): (id: string) => T {
  const known = new Map<string, T>();
  return (id) => {
    if (!known.has(id)) known.set(id, find(id));
    return known.get(id) as T;
  };
}

function queueSummary(call: Call, id: string): Document {
  const sql = "SELECT name, display_name FROM queues WHERE id = ? AND company = ?";
  const queue = call.db.get<{ name: string; display_name: string | null }>(sql, id, call.caller.company);
  if (queue === undefined) return { id };
  const next = entriesOf(call, id, 1)[0]?.task;
  return {
    id,
    name: queue.name,
    ...(queue.display_name === null ? {} : { display_name: queue.display_name }),
    ...(next === undefined ? {} : { next_task: namesOfTasks(call)(next) }),
    num_tasks: countOf(call, id),
  };
}

function taskSummary(call: Call, id: string): Document {
  const task = findDocument(call.db, TASK, id, ["name", "active_duration", "last_iteration", "project"]);
  if (task === undefined) return { task: { id } };
  const { name, active_duration: seconds, last_iteration, project } = task;
  const sql = "SELECT name FROM projects WHERE id = ?";
  const projectName = typeof project === "string" ? call.db.get<{ name: string }>(sql, project)?.name : undefined;
  return {
    task: { id, name, running_time: Number(seconds ?? 0) * 1000, last_iteration },
    ...(projectName === undefined ? {} : { project: { id: project, name: projectName } }),
  };
}

export const WORKER_LIST_ENDPOINTS: readonly Endpoint[] = [
  read("workers.get_all", getAll),
  read("workers.get_count", (call, body) => ({ count: living(call, body, numberOf(body, "last_seen") ?? 0).length })),
];
