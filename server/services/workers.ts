import { ApiFault, SettledFault } from "../api-fault.ts";
import { integerOf, mapOf, numberOf, requiredText, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { findDocument, updateDocument } from "../store/documents.ts";
import { QUEUE, TASK } from "../store/kinds.ts";
import { addWorkerPoint } from "./worker-points.ts";
import { noteTags } from "./worker-tags.ts";

/** Workers say that they are there and what they do (clearml-services.md 11); one that says nothing for a while is gone. */
const DEFAULT_TIMEOUT_SEC = 600;
/** Later than any date that a caller can name: ten thousand years. */
const MAX_TIMEOUT_SEC = 3e11;

/** One worker of one user. Times in ms. */
interface Worker {
  readonly key: string;
  readonly id: string;
  readonly ip: string;
  readonly queues: readonly string[];
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  readonly registerTime: number;
  readonly timeoutSec: number;
}

const keyOf = (call: Call, worker: string): string => `worker_${call.caller.company}_${call.caller.user}_${worker}`;

function register(call: Call, body: Body): object {
  const id = requiredText(body, "worker");
  const timeout = integerOf(body, "timeout") || DEFAULT_TIMEOUT_SEC;
  if (timeout < 0) throw new ApiFault(400, 1002, "Worker registration failed (invalid timeout)", { timeout, worker: id });
  const queues = textListOf(body, "queues") ?? [];
  requireQueues(call, queues);
  const resources = mapOf(body, "resources");
  if (resources !== undefined) for (const queue of queues) updateDocument(call.db, QUEUE, queue, { resources });
  save(call, { ...newWorker(call, id, timeout), queues, ...tagsIn(body) });
  return {};
}

function requireQueues(call: Call, queues: readonly string[]): void {
  const known = "SELECT 1 FROM queues WHERE id = ? AND company = ?";
  const ids = [...new Set(queues)].filter((queue) => call.db.get(known, queue, call.caller.company) === undefined);
  if (ids.length > 0) throw new ApiFault(400, 701, "Invalid queue id", { ids });
}

function newWorker(call: Call, id: string, timeoutSec: number): Worker {
  const { ip, nowMs } = call;
  return { key: keyOf(call, id), id, ip, queues: [], tags: [], systemTags: [], registerTime: nowMs, timeoutSec };
}

const tagsIn = (body: Body): Pick<Worker, "tags" | "systemTags"> => ({
  tags: textListOf(body, "tags") ?? [],
  systemTags: textListOf(body, "system_tags") ?? [],
});

/** A worker that registers again is a new one: its task and its last report are forgotten. */
function save(call: Call, worker: Worker): void {
  const expires = call.nowMs + Math.min(worker.timeoutSec, MAX_TIMEOUT_SEC) * 1000;
  call.db.run(
    `INSERT OR REPLACE INTO workers (key, id, user, company, ip, queues, tags, system_tags, register_time, register_timeout, last_activity, expires)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[worker.key, worker.id, call.caller.user, call.caller.company, worker.ip],
    ...[worker.queues, worker.tags, worker.systemTags].map((list) => JSON.stringify(list)),
    ...[worker.registerTime, worker.timeoutSec, call.nowMs, expires],
  );
  noteTags(call, worker, expires);
}

function unregister(call: Call, body: Body): object {
  call.db.run("DELETE FROM workers WHERE key = ?", keyOf(call, requiredText(body, "worker")));
  return {};
}

/**
 * Registers an unknown worker by itself. A report without `task` clears it, one without tags empties them, a non-empty
 * `queues` replaces the list. A task that there is not is refused, with the rest of the report kept.
 */
function statusReport(call: Call, body: Body): object {
  const id = requiredText(body, "worker");
  const task = textOf(body, "task") || undefined;
  const worker = { ...(knownWorker(call, id) ?? newWorker(call, id, DEFAULT_TIMEOUT_SEC)), ip: call.ip, ...tagsIn(body) };
  const queues = textListOf(body, "queues") ?? [];
  keep(call, { ...worker, queues: queues.length > 0 ? queues : worker.queues }, textOf(body, "queue"));
  addWorkerPoint(call, { worker: id, at: numberOf(body, "timestamp") ?? call.nowMs, task, stats: mapOf(body, "machine_stats") ?? {} });
  if (task !== undefined && !markTask(call, task, id))
    throw new SettledFault(400, 101, "Invalid task id", { id: task, company: call.caller.company });
  call.db.run("UPDATE workers SET task = ?, last_report = ? WHERE key = ?", task ?? null, call.nowMs, worker.key);
  return {};
}

function knownWorker(call: Call, id: string): Worker | undefined {
  const row = call.db.get<{ key: string; queues: string; register_time: number; register_timeout: number }>(
    "SELECT key, queues, register_time, register_timeout FROM workers WHERE key = ? AND expires > ?",
    keyOf(call, id),
    call.nowMs,
  );
  if (row === undefined) return undefined;
  const queues = JSON.parse(row.queues) as string[];
  return { ...newWorker(call, id, row.register_timeout), queues, registerTime: row.register_time };
}

/** What a report says of the worker itself; task and last report stay as they are. */
function keep(call: Call, worker: Worker, queue: string | undefined): void {
  const expires = call.nowMs + Math.min(worker.timeoutSec, MAX_TIMEOUT_SEC) * 1000;
  const updated = call.db.run(
    "UPDATE workers SET ip = ?, queue = ?, queues = ?, tags = ?, system_tags = ?, last_activity = ?, expires = ? WHERE key = ? AND expires > ?",
    ...[worker.ip, queue ?? null],
    ...[worker.queues, worker.tags, worker.systemTags].map((list) => JSON.stringify(list)),
    ...[call.nowMs, expires, worker.key, call.nowMs],
  );
  if (updated > 0) noteTags(call, worker, expires);
  else {
    save(call, worker);
    call.db.run("UPDATE workers SET queue = ? WHERE key = ?", queue ?? null, worker.key);
  }
}

/** False for a task that is not the company's. */
function markTask(call: Call, task: string, worker: string): boolean {
  if (findDocument(call.db, TASK, task, ["company"])?.["company"] !== call.caller.company) return false;
  const now = wireDate(call.nowMs);
  return updateDocument(call.db, TASK, task, {
    last_worker: worker,
    last_worker_report: now,
    last_update: now,
    last_change: now,
    last_changed_by: call.caller.user,
  });
}

export const WORKER_ENDPOINTS: readonly Endpoint[] = [
  write("workers.register", register),
  write("workers.unregister", unregister),
  write("workers.status_report", statusReport),
];
