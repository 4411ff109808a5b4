import { ApiFault } from "../api-fault.ts";
import { flagOf, integerOf, isMap, mapOf, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION } from "./event-fields.ts";
import { type Owner, requireOwner } from "./event-owners.ts";
import { metricTest, type PointRow, pointEvent, type SeriesRow } from "./event-rows.ts";
import { decodedScroll, ENDED, encodedScroll } from "./event-scrolls.ts";

/** Points of a metric as they were sent, by pages (clearml-tasks-events.md 10). */
const DEFAULT_RAW = 10_000;
const MAX_RAW = 200_000;
const DATA_PAGE = 500;

type Axis = "iter" | "timestamp";

interface RawScroll {
  /** The axis value of the last point that was delivered; null before the first. */
  readonly at: number | null;
  readonly total: number | null;
  readonly size: number;
}

interface RawPoint extends Record<string, unknown> {
  readonly iter: number;
  readonly value: number | null;
  readonly timestamp: number;
  readonly variant: string;
}

/** `events.scalar_metrics_iter_raw`: ascending by the key; a page ends with all points of its last key value. */
export function scalarsRaw(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const key = textOf(body, "key") ?? "iter";
  const axis: Axis = key === "iter" ? "iter" : "timestamp";
  const series = seriesOf(call, owner, mapOf(body, "metric"));
  const scrollId = textOf(body, "scroll_id");
  const scroll = scrollId ? decodedScroll(scrollId, isRawScroll) : { at: null, size: rawSize(body), total: totalOf(call, series, body) };
  const points = rawPage(call, series, axis, scroll);
  const variants = new Map<string, Document>();
  for (const point of points) {
    const lists = variants.get(point.variant) ?? { y: [], [key]: [] };
    variants.set(point.variant, lists);
    (lists["y"] as unknown[]).push(point.value);
    (lists[key] as unknown[]).push(axis === "iter" && point.iter === NO_ITERATION ? null : point[axis]);
  }
  const next = encodedScroll({ ...scroll, at: points.at(-1)?.[axis] ?? scroll.at });
  return { variants: Object.fromEntries(variants), returned: points.length, total: scroll.total, scroll_id: next };
}

function rawSize(body: Body): number {
  const size = integerOf(body, "batch_size") ?? 0;
  if (size < 0) throw new ApiFault(400, 12, "Validation error (batch_size should be non negative number)");
  return Math.min(size === 0 ? DEFAULT_RAW : size, MAX_RAW);
}

function isRawScroll(value: unknown): value is RawScroll {
  if (!isMap(value) || !Number.isSafeInteger(value["size"]) || Number(value["size"]) < 1 || Number(value["size"]) > MAX_RAW) return false;
  return [value["at"], value["total"]].every((one) => one === null || Number.isFinite(one));
}

function seriesOf(call: Call, { seq }: Owner, metric: Document | undefined): SeriesRow[] {
  const name = requiredText(metric ?? {}, "metric");
  const test = metricTest([metric]);
  const all = call.db.all<SeriesRow>("SELECT seq, metric, variant FROM series WHERE task = ? AND metric = ? ORDER BY variant", seq, name);
  return all.filter((one) => test(one.metric, one.variant));
}

function totalOf(call: Call, series: readonly SeriesRow[], body: Body): number | null {
  if (!flagOf(body, "count_total")) return null;
  const sql = "SELECT count(*) AS n FROM points WHERE series = ?";
  return series.reduce((sum, { seq }) => sum + (call.db.get<{ n: number }>(sql, seq)?.n ?? 0), 0);
}

/** As many points as a page holds, and all that share its last value; no curve is read much further than the page reaches. */
function rawPage(call: Call, series: readonly SeriesRow[], axis: Axis, { at, size }: RawScroll): RawPoint[] {
  const readers = series.map((one) => new CurveReader(call, one, axis, at, Math.ceil(size / series.length) + 1));
  for (;;) {
    const open = readers.filter((reader) => !reader.isDone);
    const reached = Math.min(...open.map((reader) => reader.reached));
    const known = readers.flatMap((reader) => reader.points.filter((point) => open.length === 0 || point[axis] < reached));
    if (open.length === 0 || known.length >= size) return cutPage(known, axis, size);
    for (const reader of open) if (reader.reached === reached) reader.readOn();
  }
}

function cutPage(points: RawPoint[], axis: Axis, size: number): RawPoint[] {
  points.sort((a, b) => a[axis] - b[axis]);
  const last = points[size - 1]?.[axis];
  return last === undefined ? points : points.filter((point) => point[axis] <= last);
}

/** One curve along an axis, in pieces of growing size. */
class CurveReader {
  readonly points: RawPoint[] = [];
  readonly #call: Call;
  readonly #one: SeriesRow;
  readonly #axis: Axis;
  #after: [number, number];
  #size: number;
  isDone = false;

  constructor(call: Call, one: SeriesRow, axis: Axis, at: number | null, size: number) {
    this.#call = call;
    this.#one = one;
    this.#axis = axis;
    this.#after = at === null ? [Number.MIN_SAFE_INTEGER, 0] : [at, Number.MAX_SAFE_INTEGER];
    this.#size = size;
    this.readOn();
  }

  /** Points below this value are all there. */
  get reached(): number {
    return this.#after[0];
  }

  readOn(): void {
    const byIteration = this.#axis === "iter";
    const [bound, values] = byIteration ? ["iter > ?", [this.#after[0]]] : ["(timestamp, iter) > (?, ?)", this.#after];
    const rows = this.#call.db.all<RawPoint>(
      `SELECT iter, value, timestamp FROM points WHERE series = ? AND ${bound} ORDER BY ${byIteration ? "iter" : "timestamp, iter"} LIMIT ?`,
      this.#one.seq,
      ...values,
      this.#size,
    );
    for (const row of rows) this.points.push(Object.assign(row, { metric: this.#one.metric, variant: this.#one.variant }));
    this.isDone = rows.length < this.#size;
    const last = rows.at(-1);
    if (last !== undefined) this.#after = [last[this.#axis], last.iter];
    this.#size *= 2;
  }
}

interface DataScroll {
  readonly iter: number;
  readonly series: number;
  readonly total: number;
}

/** `events.get_scalar_metric_data`: the points of a metric, newest iteration first, 500 a page. */
export function scalarMetricData(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const scrollId = textOf(body, "scroll_id");
  if (scrollId === ENDED) return { events: [], returned: 0, total: 0, scroll_id: null };
  const series = seriesOf(call, owner, { metric: requiredText(body, "metric") });
  const after = scrollId ? dataScroll(scrollId) : undefined;
  const rows = series.flatMap((one) => dataOf(call, one, after));
  const page = rows.toSorted((a, b) => orderOf(b.row.iter) - orderOf(a.row.iter) || a.row.series - b.row.series).slice(0, DATA_PAGE);
  const events = page.map(({ one, row }) => pointEvent(owner.id, one, row));
  const total = after?.total ?? totalOf(call, series, { count_total: true }) ?? 0;
  const last = page.at(-1)?.row;
  const next = last === undefined ? ENDED : encodedScroll({ iter: orderOf(last.iter), series: last.series, total });
  return { events, returned: events.length, total, scroll_id: flagOf(body, "no_scroll") ? null : next };
}

/** What has no iteration comes last. */
const orderOf = (iter: number): number => (iter === NO_ITERATION ? Number.MIN_SAFE_INTEGER : iter);

function dataOf(call: Call, one: SeriesRow, after: DataScroll | undefined): { one: SeriesRow; row: PointRow }[] {
  const before = after?.iter ?? NO_ITERATION;
  const placed = call.db.all<PointRow>(
    `SELECT * FROM points WHERE series = ? AND iter <= ? AND iter < ${NO_ITERATION} ORDER BY iter DESC LIMIT ?`,
    one.seq,
    before,
    DATA_PAGE + 1,
  );
  const unplaced = call.db.all<PointRow>(`SELECT * FROM points WHERE series = ? AND iter = ${NO_ITERATION}`, one.seq);
  const isBehind = (row: PointRow): boolean =>
    after === undefined || orderOf(row.iter) < after.iter || (orderOf(row.iter) === after.iter && row.series > after.series);
  return [...placed, ...unplaced].filter(isBehind).map((row) => ({ one, row }));
}

/** Throws 500/100, as the official server's search does, for an id that it did not give. */
function dataScroll(id: string): DataScroll {
  try {
    return decodedScroll(
      id,
      (value): value is DataScroll => isMap(value) && ["iter", "series", "total"].every((name) => Number.isFinite(value[name])),
    );
  } catch {
    throw new ApiFault(500, 100, "General data error (Cannot parse scroll id)");
  }
}
