import type { Call } from "../endpoint.ts";
import type { SqlValue } from "../store/database.ts";
import type { Document } from "../store/documents.ts";
import { isoOf, type OtherRow, otherEvent, present } from "./event-reading.ts";

export type Direction = "asc" | "desc";

/** An event and its iteration. */
export interface Placed {
  readonly at: number;
  event(): Document;
}

/** Events by iteration, read from the index piece by piece, as far as somebody asks. */
export type Positions = Generator<Placed>;

export interface Place {
  readonly call: Call;
  readonly task: string;
  /** Begins behind this iteration. */
  readonly after: number | null;
  readonly direction: Direction;
  readonly size: number;
}

type Test = (metric: string, variant: string) => boolean;

interface Series extends Record<string, unknown> {
  readonly seq: number;
  readonly metric: string;
  readonly variant: string;
}

interface PointRow extends Record<string, unknown> {
  readonly iter: number;
  readonly value: number;
  readonly timestamp: number;
  readonly written: number;
  readonly worker: string | null;
}

/** One source per curve. */
export function pointPositions(place: Place, seq: number, test: Test): Positions[] {
  const all = place.call.db.all<Series>("SELECT seq, metric, variant FROM series WHERE task = ? ORDER BY seq", seq);
  const series = all.filter((one) => test(one.metric, one.variant));
  const piece = Math.ceil(place.size / Math.max(series.length, 1)) + 1;
  return series.map((one) => pointsOf(place, one, piece));
}

function* pointsOf({ call, task, after, direction }: Place, series: Series, piece: number): Positions {
  const sql = `SELECT * FROM points WHERE series = ? ${beyond("iter", after, direction)} ORDER BY iter ${direction} LIMIT ?`;
  const further = `SELECT * FROM points WHERE series = ? ${beyond("iter", 0, direction)} ORDER BY iter ${direction} LIMIT ?`;
  let rows = call.db.all<PointRow>(sql, series.seq, ...bound(after), piece);
  while (rows.length > 0) {
    for (const row of rows) yield { at: row.iter, event: () => pointEvent(task, series, row) };
    const last = rows.at(-1) as PointRow;
    rows = rows.length < piece ? [] : call.db.all<PointRow>(further, series.seq, last.iter, piece);
  }
}

const beyond = (iter: string, after: number | null, direction: Direction): string =>
  after === null ? "" : `AND ${iter} ${direction === "asc" ? ">" : "<"} ?`;

const bound = (after: number | null): SqlValue[] => (after === null ? [] : [after]);

function pointEvent(task: string, { metric, variant }: Series, row: PointRow): Document {
  return present({
    type: "training_stats_scalar",
    task,
    metric,
    variant,
    iter: row.iter,
    value: row.value,
    timestamp: row.timestamp,
    "@timestamp": isoOf(row.written),
    worker: row.worker,
    model_event: false,
  });
}

const ITER = "coalesce(iter, 0)";

/** All other events; one without an iteration stands at 0. */
export function* otherPositions({ call, task, after, direction, size }: Place, seq: number, type: string, test: Test): Positions {
  for (let last = after; ; ) {
    const sql = `SELECT DISTINCT ${ITER} AS at FROM other_events WHERE task = ? ${beyond(ITER, last, direction)} ORDER BY ${ITER} ${direction} LIMIT ?`;
    const places = call.db.all<{ at: number }>(sql, seq, ...bound(last), size).map((row) => row.at);
    for (const at of places) {
      const rows = call.db.all<OtherRow & Record<string, unknown>>(
        `SELECT * FROM other_events WHERE task = ? AND ${ITER} = ? AND (? = '*' OR type = ?) ORDER BY seq`,
        seq,
        at,
        type,
        type,
      );
      for (const row of rows) if (test(row.metric, row.variant)) yield { at, event: () => otherEvent(task, row) };
    }
    if (places.length < size) return;
    last = places.at(-1) ?? null;
  }
}
