import type { Call } from "../endpoint.ts";
import { NO_ITERATION } from "./event-fields.ts";
import type { Owner } from "./event-owners.ts";
import { FIRST_ITERATION, type ShownTest } from "./seen-events.ts";

/**
 * Clients may write a new image over an old one's file: what was reported again at a later iteration is no longer what an
 * earlier one showed (clearml-tasks-events.md 12).
 */
const CURVE = `task = ? AND type = 'training_debug_image' AND metric = ? AND variant = ? AND iter > ${FIRST_ITERATION} AND iter < ${NO_ITERATION}`;

/** The test that leaves out images whose file shows a later one; looks each variant up once. */
export function overwrittenTest(call: Call, owner: Owner): ShownTest {
  const borders = new Map<string, number>();
  return (metric, variant, iter) => {
    const name = JSON.stringify([metric, variant]);
    let border = borders.get(name);
    if (border === undefined) borders.set(name, (border = lastOverwritten(call, owner, metric, variant)));
    return iter > border;
  };
}

/** The second newest iteration of the url that the newest iteration shows. */
function lastOverwritten(call: Call, { seq }: Owner, metric: string, variant: string): number {
  const newest = call.db.get<{ iter: number; url: string }>(
    `SELECT iter, url FROM other_events WHERE ${CURVE} AND url IS NOT NULL ORDER BY iter DESC LIMIT 1`,
    ...[seq, metric, variant],
  );
  if (newest === undefined) return FIRST_ITERATION;
  const before = call.db.get<{ iter: number | null }>(
    `SELECT max(iter) AS iter FROM other_events WHERE ${CURVE} AND url = ? AND iter < ?`,
    ...[seq, metric, variant, newest.url, newest.iter],
  );
  return before?.iter ?? FIRST_ITERATION;
}

export interface Reach {
  readonly least: number;
  readonly greatest: number;
}

/** From the oldest iteration of a variant whose image is still its own to the newest; undefined when it has none. */
export function imageReach(call: Call, { seq }: Owner, metric: string, variant: string): Reach | undefined {
  const row = call.db.get<{ least: number | null; greatest: number | null }>(
    `SELECT min(newest) AS least, max(newest) AS greatest FROM (
       SELECT max(iter) AS newest FROM other_events WHERE ${CURVE} AND url IS NOT NULL GROUP BY url)`,
    ...[seq, metric, variant],
  );
  return typeof row?.least === "number" && typeof row.greatest === "number" ? { least: row.least, greatest: row.greatest } : undefined;
}
