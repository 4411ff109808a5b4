import type { Call } from "../endpoint.ts";
import type { SqlValue } from "../store/database.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION } from "./event-fields.ts";
import type { Owner } from "./event-owners.ts";
import {
  type LogRow,
  logEvent,
  type NameTest,
  type OtherRow,
  otherEvent,
  type PointRow,
  pointEvent,
  type SeriesRow,
} from "./event-rows.ts";

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
  readonly owner: Owner;
  /** Begins behind this iteration. */
  readonly after: number | null;
  readonly direction: Direction;
  /** How many are read at once. */
  readonly size: number;
  readonly test: NameTest;
}

export const OTHER_TYPES = ["training_stats_vector", "training_debug_image", "plot"] as const;

/** One source per curve. */
export function pointPositions(place: Place): Positions[] {
  const all = place.call.db.all<SeriesRow>(
    "SELECT seq, metric, variant FROM series WHERE task = ? ORDER BY metric, variant",
    place.owner.seq,
  );
  const series = all.filter((one) => place.test(one.metric, one.variant));
  const size = Math.ceil(place.size / Math.max(series.length, 1)) + 1;
  return series.map((one) =>
    positions<PointRow>({ ...place, size }, { from: "points WHERE series = ?", values: [one.seq], unique: true }, (row) =>
      pointEvent(place.owner.id, one, row),
    ),
  );
}

export function otherPositions(place: Place, type: string): Positions {
  const source = { from: "other_events WHERE task = ? AND type = ?", values: [place.owner.seq, type], unique: false };
  return positions<OtherRow>(place, source, (row) => (place.test(row.metric, row.variant) ? otherEvent(place.owner.id, row) : undefined));
}

export function logPositions(place: Place): Positions {
  const source = { from: "log_events WHERE task = ? AND iter IS NOT NULL", values: [place.owner.seq], unique: false };
  return positions<LogRow>(place, source, (row) =>
    place.test(row.metric ?? "", row.variant ?? "") ? logEvent(place.owner.id, row) : undefined,
  );
}

interface Source {
  readonly from: string;
  readonly values: readonly SqlValue[];
  /** At most one event per iteration. */
  readonly unique: boolean;
}

interface Iterated extends Record<string, unknown> {
  readonly iter: number;
  readonly seq?: number;
}

type Cursor = readonly [iter: number, seq: number];

/** All events of a source that have an iteration; `eventOf` leaves out what is not wanted. */
function* positions<R extends Record<string, unknown>>(place: Place, source: Source, eventOf: (row: R) => Document | undefined): Positions {
  const isUp = place.direction === "asc";
  const extreme = isUp ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  const before = isUp ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  let cursor: Cursor = place.after === null ? [before, before] : [place.after, extreme];
  for (;;) {
    const rows = pieceOf(place, source, cursor);
    for (const row of rows as (R & Iterated)[]) {
      const document = eventOf(row);
      if (document !== undefined) yield { at: row.iter, event: () => document };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < place.size) return;
    cursor = [last.iter, last.seq ?? extreme];
  }
}

function pieceOf({ call, direction, size }: Place, { from, values, unique }: Source, cursor: Cursor): Iterated[] {
  const key = unique ? "iter" : "(iter, seq)";
  const bound = unique ? "?" : "(?, ?)";
  const order = unique ? `iter ${direction}` : `iter ${direction}, seq ${direction}`;
  const sql = `SELECT * FROM ${from} AND iter < ${NO_ITERATION} AND ${key} ${direction === "asc" ? ">" : "<"} ${bound} ORDER BY ${order} LIMIT ?`;
  return call.db.all<Iterated>(sql, ...values, ...(unique ? [cursor[0]] : cursor), size);
}

/** The events without an iteration, the console left out. */
export function unplacedEvents({ call, owner, test }: Place, types: readonly string[]): Document[] {
  const points = types.includes("training_stats_scalar")
    ? call.db.all<PointRow & SeriesRow>(
        "SELECT points.*, metric, variant FROM series JOIN points ON points.series = series.seq AND iter = ? WHERE task = ? ORDER BY metric, variant",
        NO_ITERATION,
        owner.seq,
      )
    : [];
  const sql = "SELECT * FROM other_events WHERE task = ? AND type = ? AND iter = ? ORDER BY seq";
  const others = OTHER_TYPES.filter((type) => types.includes(type)).flatMap((type) =>
    call.db.all<OtherRow>(sql, owner.seq, type, NO_ITERATION),
  );
  return [
    ...points.filter((row) => test(row.metric, row.variant)).map((row) => pointEvent(owner.id, row, row)),
    ...others.filter((row) => test(row.metric, row.variant)).map((row) => otherEvent(owner.id, row)),
  ];
}

/** Merges sources: all events of one iteration after the other. */
export function* byIteration(sources: readonly Positions[], direction: Direction): Generator<Placed[]> {
  const heads = sources.map((source) => ({ source, next: source.next() }));
  for (;;) {
    const open = heads.filter(({ next }) => next.done !== true);
    if (open.length === 0) return;
    const places = open.map(({ next }) => (next.value as Placed).at);
    const at = places.reduce((best, place) => (direction === "asc" ? Math.min(best, place) : Math.max(best, place)));
    const group: Placed[] = [];
    for (const head of open) {
      for (; head.next.done !== true && head.next.value.at === at; head.next = head.source.next()) group.push(head.next.value);
    }
    yield group;
  }
}
