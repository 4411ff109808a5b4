import { type Call, type Endpoint, write } from "../endpoint.ts";
import { addQuietPoints } from "./queue-points.ts";

/**
 * Figures of queues and workers do not grow for ever: young ones are kept as they came, of older ones one for each span
 * of time, and those of queues go after 30 days. The HTTP thread calls this on a schedule, and at once again when there is more to do, so
 * that no step holds the writer for long.
 */
const HOUR_MS = 3_600_000;
const KEPT_MS = 30 * 24 * HOUR_MS;
/** Of workers there are so many reports at most, whatever their number: a few hundred MB. */
const MAX_WORKER_POINTS = 500_000;
/** What one step looks through. */
const STEP_MS = 60_000;
const MAX_DELETED = 20_000;

interface Series {
  readonly name: string;
  /** The length of the column `at`'s unit, ms. */
  readonly unitMs: number;
  readonly youngMs: number;
  /** Deletes between two values of `at` all but one of each span. */
  readonly thin: string;
}

/** Of a minute the point with the longest waiting stays, as get_queue_metrics would choose it. */
const QUEUE_POINTS: Series = {
  name: "queue_points",
  unitMs: 1000,
  youngMs: 2 * HOUR_MS,
  thin: `DELETE FROM queue_points WHERE at >= ?1 AND at < ?2 AND EXISTS (
    SELECT 1 FROM queue_points AS better WHERE better.queue = queue_points.queue
      AND better.at >= queue_points.at - queue_points.at % 60 AND better.at < queue_points.at - queue_points.at % 60 + 60
      AND (better.waiting, better.length, better.at) > (queue_points.waiting, queue_points.length, queue_points.at))`,
};

/** Of ten minutes the first report of each worker stays. */
const WORKER_POINTS: Series = {
  name: "worker_points",
  unitMs: 1,
  youngMs: 24 * HOUR_MS,
  thin: `DELETE FROM worker_points WHERE at >= ?1 AND at < ?2 AND EXISTS (
    SELECT 1 FROM worker_points AS first WHERE first.company = worker_points.company AND first.worker = worker_points.worker
      AND first.at >= worker_points.at - worker_points.at % 600000 AND (first.at, first.seq) < (worker_points.at, worker_points.seq))`,
};

function thinFigures(call: Call): object {
  addQuietPoints(call);
  for (const table of ["workers", "worker_tags"]) call.db.run(`DELETE FROM ${table} WHERE expires < ?`, call.nowMs);
  const unfinished = [thin(call, QUEUE_POINTS), thin(call, WORKER_POINTS), forgetQueuePoints(call), boundWorkerPoints(call)];
  return { more: unfinished.includes(true) };
}

/**
 * One step from where the last one ended; spans without points are skipped. What arrives later with times of before that
 * stays as it is. True when there is more to do.
 */
function thin(call: Call, { name, unitMs, youngMs, thin: sql }: Series): boolean {
  const until = call.db.get<{ until: number }>("SELECT until FROM thinned WHERE name = ?", name)?.until ?? 0;
  const limit = stepOf(call.nowMs - youngMs);
  const next = call.db.get<{ at: number | null }>(`SELECT min(at) AS at FROM ${name} WHERE at >= ?`, until / unitMs)?.at ?? null;
  const from = next === null ? limit : Math.min(stepOf(next * unitMs), limit);
  if (from < limit) call.db.run(sql, { 1: from / unitMs, 2: (from + STEP_MS) / unitMs });
  call.db.run("INSERT OR REPLACE INTO thinned (name, until) VALUES (?, ?)", name, Math.min(from + STEP_MS, limit));
  return from < limit;
}

const stepOf = (ms: number): number => Math.floor(ms / STEP_MS) * STEP_MS;

function forgetQueuePoints(call: Call): boolean {
  const sql = `DELETE FROM queue_points WHERE (queue, at) IN (SELECT queue, at FROM queue_points WHERE at < ? LIMIT ${MAX_DELETED})`;
  return call.db.run(sql, (call.nowMs - KEPT_MS) / 1000) === MAX_DELETED;
}

/** Those that came first go first, whatever time they tell. */
function boundWorkerPoints(call: Call): boolean {
  const n = call.db.get<{ n: number }>("SELECT count(*) AS n FROM worker_points")?.n ?? 0;
  if (n <= MAX_WORKER_POINTS) return false;
  const surplus = Math.min(n - MAX_WORKER_POINTS, MAX_DELETED);
  call.db.run("DELETE FROM worker_points WHERE seq IN (SELECT seq FROM worker_points ORDER BY seq LIMIT ?)", surplus);
  return n - surplus > MAX_WORKER_POINTS;
}

export const THINNING_ENDPOINTS: readonly Endpoint[] = [write("internal.thin_figures", thinFigures)];
