import type { Call } from "../endpoint.ts";

/**
 * What a queue was like at a moment: how many tasks waited, and how long so far on average (clearml-services.md 12). Of the
 * points of one second only the one with the longest waiting is kept: a reply never shows another. Length and mean come
 * from running totals, so that a point costs the same in a queue of ten thousand.
 */
const WRITE = `
  INSERT INTO queue_points (queue, at, waiting, length)
    SELECT queues.id, CAST(?2 / 1000 AS INTEGER),
      CASE WHEN coalesce(entries, 0) > 0 THEN max(0, ?2 - CAST(added_ms AS REAL) / entries) / 1000 ELSE 0 END, coalesce(entries, 0)
    FROM queues LEFT JOIN queue_totals ON queue_totals.queue = queues.id WHERE queues.id IN (SELECT value FROM json_each(?1))
  ON CONFLICT (queue, at) DO UPDATE SET waiting = excluded.waiting, length = excluded.length
    WHERE excluded.waiting > waiting OR (excluded.waiting = waiting AND excluded.length > length)`;

export function addQueuePoint(call: Call, ...queues: readonly string[]): void {
  call.db.run(WRITE, { 1: JSON.stringify(queues), 2: call.nowMs });
}

/** A queue that nothing happens to has a point at this distance at least, so that its chart goes on. */
const QUIET_SEC = 300;

/** Points for the queues that had none for a while; called by the server itself on a schedule. */
export function addQuietPoints(call: Call): void {
  const since = Math.floor(call.nowMs / 1000) - QUIET_SEC;
  const sql = "SELECT id FROM queues WHERE NOT EXISTS (SELECT 1 FROM queue_points WHERE queue = queues.id AND at >= ?)";
  addQueuePoint(call, ...call.db.all<{ id: string }>(sql, since).map(({ id }) => id));
}
