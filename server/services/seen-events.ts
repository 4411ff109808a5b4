import type { Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION, SINGLE_VALUE_ITERATION } from "./event-fields.ts";
import type { Owner } from "./event-owners.ts";
import { type OtherRow, otherEvent } from "./event-rows.ts";

/**
 * Debug images and plots as a reader walks through them: iteration by iteration, in each one event per metric and variant
 * (clearml-tasks-events.md 11, 12). Of images only those with a url count.
 */
export type SeenType = "training_debug_image" | "plot";

/** What one iteration shows, by metric and variant. */
export interface Shown {
  readonly iter: number;
  readonly rows: readonly OtherRow[];
}

/** Whether an event is to be shown, by its names and iteration. */
export type ShownTest = (metric: string, variant: string, iter: number) => boolean;

export const FIRST_ITERATION = SINGLE_VALUE_ITERATION;
export const AFTER_ALL = NO_ITERATION;
const PIECE = 500;

/** The iterations below or above `beyond`, read as far as somebody asks. */
export function* iterationsBeyond(
  call: Call,
  owner: Owner,
  type: SeenType,
  beyond: number,
  direction: "earlier" | "later",
  test: ShownTest,
): Generator<Shown> {
  let group: OtherRow[] = [];
  for (const row of rowsBeyond(call, owner, type, beyond, direction)) {
    if (group[0] !== undefined && group[0].iter !== row.iter) {
      yield { iter: group[0].iter, rows: chosen(group, type) };
      group = [];
    }
    if (test(row.metric, row.variant, row.iter)) group.push(row);
  }
  if (group[0] !== undefined) yield { iter: group[0].iter, rows: chosen(group, type) };
}

function* rowsBeyond(call: Call, owner: Owner, type: SeenType, beyond: number, direction: "earlier" | "later"): Generator<OtherRow> {
  const [sign, order] = direction === "earlier" ? ["<", "DESC"] : [">", "ASC"];
  const sql = `SELECT * FROM other_events WHERE task = ? AND type = ? AND iter > ${FIRST_ITERATION} AND iter < ${AFTER_ALL}
    AND (iter, seq) ${sign} (?, ?) ${type === "plot" ? "" : "AND url IS NOT NULL"} ORDER BY iter ${order}, seq ${order} LIMIT ${PIECE}`;
  let after = [beyond, direction === "earlier" ? 0 : Number.MAX_SAFE_INTEGER];
  for (;;) {
    const rows = call.db.all<OtherRow>(sql, owner.seq, type, ...after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PIECE) return;
    after = [last.iter, last.seq];
  }
}

/** What one iteration shows; undefined when nothing. */
export function iterationAt(call: Call, owner: Owner, type: SeenType, iter: number, test: ShownTest): Shown | undefined {
  const sql = `SELECT * FROM other_events WHERE task = ? AND type = ? AND iter = ? ${type === "plot" ? "" : "AND url IS NOT NULL"}`;
  const rows = call.db.all<OtherRow>(sql, owner.seq, type, iter).filter((row) => test(row.metric, row.variant, row.iter));
  return rows.length === 0 ? undefined : { iter, rows: chosen(rows, type) };
}

/** Of each metric and variant one event: the image with the greatest url, the newest plot. */
function chosen(rows: readonly OtherRow[], type: SeenType): OtherRow[] {
  const best = new Map<string, OtherRow>();
  for (const row of rows) {
    const name = JSON.stringify([row.metric, row.variant]);
    const known = best.get(name);
    if (known === undefined || isBetter(row, known, type)) best.set(name, row);
  }
  return [...best.values()].sort((a, b) => compare(a.metric, b.metric) || compare(a.variant, b.variant));
}

function isBetter(row: OtherRow, known: OtherRow, type: SeenType): boolean {
  return type === "plot" ? row.timestamp >= known.timestamp : (row.url ?? "") > (known.url ?? "");
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const eventsOf = (owner: Owner, shown: Shown): Document[] => shown.rows.map((row) => otherEvent(owner.id, row));
