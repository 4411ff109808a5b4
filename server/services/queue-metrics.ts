import { ApiFault } from "../api-fault.ts";
import { flagOf, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { addQueuePoint } from "./queue-points.ts";

/** `queues.get_queue_metrics` (clearml-services.md 12): lengths and waiting times over time. */

/** A queue's last point is still true this long after, for the sum of all. */
const BEFORE_SEC = 3600;

/** In seconds. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly interval: number;
}

interface Bucket {
  readonly queue: string;
  /** Beginning of the interval, ms. */
  readonly date: number;
  readonly waiting: number;
  readonly length: number;
}

function getQueueMetrics(call: Call, body: Body): object {
  const { from_date: from, to_date: to, interval } = body as { from_date: number; to_date: number; interval: number };
  const asked = textListOf(body, "queue_ids") ?? [];
  const queues = visibleQueues(call, body, asked);
  if (queues.length === 0) return { queues: [] };
  if (flagOf(body, "refresh")) addQueuePoint(call, ...queues);
  if (from >= to) throw new ApiFault(400, 16, "Invalid value for fields (from_date must be less than to_date)");
  const buckets = bucketsOf(call, queues, { from, to, interval });
  const shown = (date: number): boolean => date >= (from - interval) * 1000;
  if (asked.length === 0)
    return {
      queues: [
        row(
          "total",
          totals(buckets).filter(({ date }) => shown(date)),
        ),
      ],
    };
  const byQueue = Map.groupBy(
    buckets.filter(({ date }) => shown(date)),
    ({ queue }) => queue,
  );
  return { queues: [...byQueue].map(([queue, points]) => row(queue, points)) };
}

function visibleQueues(call: Call, body: Body, asked: readonly string[]): string[] {
  const sql = `SELECT id FROM queues WHERE company = ? AND (? OR id IN (SELECT value FROM json_each(?)))
    AND (? OR NOT EXISTS (SELECT 1 FROM json_each(coalesce(system_tags, '[]')) WHERE value = 'k8s-glue'))`;
  const values = [asked.length === 0 ? 1 : 0, JSON.stringify(asked), flagOf(body, "search_hidden") ? 1 : 0];
  return call.db.all<{ id: string }>(sql, call.caller.company, ...values).map(({ id }) => id);
}

/** Of each queue and interval the point with the longest waiting, in the order of time. */
const BUCKETS = `
  SELECT queue, bucket * ?1 * 1000 AS date, waiting, length FROM (
    SELECT *, row_number() OVER (PARTITION BY queue, bucket ORDER BY waiting DESC, length DESC) AS place FROM (
      SELECT *, CAST(at / ?1 AS INTEGER) AS bucket FROM queue_points WHERE queue IN (SELECT value FROM json_each(?2)) AND at >= ?3 AND at <= ?4))
  WHERE place = 1 ORDER BY date, queue`;

function bucketsOf(call: Call, queues: readonly string[], { from, to, interval }: Range): Bucket[] {
  const values = { 1: interval, 2: JSON.stringify(queues), 3: Math.floor(from - BEFORE_SEC), 4: Math.floor(to) };
  return call.db.all<Bucket & Record<string, unknown>>(BUCKETS, values);
}

type Point = Pick<Bucket, "date" | "waiting" | "length">;

/** The sum over all queues at each date; a queue without a point there keeps its last one. */
function totals(buckets: readonly Bucket[]): Point[] {
  const last = new Map<string, Bucket>();
  return [...Map.groupBy(buckets, ({ date }) => date)].map(([date, points]) => {
    for (const point of points) last.set(point.queue, point);
    const all = [...last.values()];
    const length = all.reduce((sum, point) => sum + point.length, 0);
    const waited = all.reduce((sum, point) => sum + point.waiting * point.length, 0);
    return { date, length, waiting: length === 0 ? 0 : waited / length };
  });
}

function row(queue: string, points: readonly Point[]): object {
  return {
    queue,
    dates: points.map(({ date }) => date),
    avg_waiting_times: points.map(({ waiting }) => waiting),
    queue_lengths: points.map(({ length }) => length),
  };
}

export const QUEUE_METRICS_ENDPOINTS: readonly Endpoint[] = [
  { ...read("queues.get_queue_metrics", getQueueMetrics), writesWith: "refresh" },
];
