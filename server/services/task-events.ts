import { flagOf, isMap, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION } from "./event-fields.ts";
import { type Owner, requireOwner } from "./event-owners.ts";
import {
  byIteration,
  type Direction,
  logPositions,
  OTHER_TYPES,
  otherPositions,
  type Place,
  type Positions,
  pointPositions,
  unplacedEvents,
} from "./event-positions.ts";
import { logEvent, metricTest } from "./event-rows.ts";
import { decodedScroll, encodedScroll } from "./event-scrolls.ts";
import { sizeOf } from "./page-size.ts";
import { type LogPlace, logsAfter, NAMED, namesOfLogs } from "./task-log.ts";

/**
 * `events.get_task_events` (clearml-api.md 7.3, clearml-tasks-events.md 9): all events of a task by iteration, then those that
 * have none, the console by time last. A page holds `batch_size` events and whatever shares the last iteration.
 */
interface Scroll {
  readonly type: string;
  readonly direction: Direction;
  readonly metrics: unknown;
  /** The last iteration that was delivered; null while there was none. */
  readonly iter: number | null;
  /** The last line of the console that was delivered. */
  readonly log: LogPlace | null;
  /** As of the first page: clients read until they have so many. */
  readonly total: number | null;
}

const ALL_TYPES = ["training_stats_scalar", ...OTHER_TYPES, "log"];

export function getTaskEvents(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const scrollId = textOf(body, "scroll_id");
  const scroll = scrollId === undefined || scrollId === "" ? firstScroll(call, owner, body) : decodedScroll(scrollId, isScroll);
  const { events, next } = pageOf(call, owner, scroll, sizeOf(body, 500));
  return { events, returned: events.length, total: scroll.total, scroll_id: encodedScroll(next) };
}

function firstScroll(call: Call, owner: Owner, body: Body): Scroll {
  const type = textOf(body, "event_type") ?? "*";
  const direction = textOf(body, "order") === "desc" ? "desc" : "asc";
  const scroll: Scroll = { type, direction, metrics: body["metrics"], iter: null, log: null, total: null };
  return flagOf(body, "count_total", true) ? { ...scroll, total: countOf(call, owner, scroll) } : scroll;
}

const typesOf = ({ type }: Scroll): readonly string[] => (type === "*" ? ALL_TYPES : [type]);

function pageOf(call: Call, owner: Owner, scroll: Scroll, size: number): { events: Document[]; next: Scroll } {
  const events: Document[] = [];
  let next = scroll;
  if (size === 0) return { events, next };
  const { iter: after, direction } = scroll;
  const place: Place = { call, owner, after, direction, size, test: metricTest(scroll.metrics) };
  if (after !== NO_ITERATION) {
    for (const group of byIteration(sourcesOf(place, typesOf(scroll)), direction)) {
      events.push(...group.map((placed) => placed.event()));
      next = { ...next, iter: group[0]?.at ?? null };
      if (events.length >= size) return { events, next };
    }
    events.push(...unplacedEvents(place, typesOf(scroll)));
    next = { ...next, iter: NO_ITERATION };
  }
  const log = addConsole(place, scroll, events);
  return { events, next: { ...next, log } };
}

function sourcesOf(place: Place, types: readonly string[]): Positions[] {
  return types.flatMap((type) => {
    if (type === "training_stats_scalar") return pointPositions(place);
    return type === "log" ? [logPositions(place)] : [otherPositions(place, type)];
  });
}

/** Fills the page with lines that have no iteration. */
function addConsole({ call, owner, size, test }: Place, scroll: Scroll, events: Document[]): LogPlace | null {
  let { log } = scroll;
  while (typesOf(scroll).includes("log") && events.length < size) {
    const rows = logsAfter(call, owner.seq, log ?? undefined, false, size, test("", "") ? undefined : NAMED);
    for (const row of rows) {
      if (events.length >= size) break;
      log = [row.timestamp, row.seq];
      if (row.iter === null && test(row.metric ?? "", row.variant ?? "")) events.push(logEvent(owner.id, row));
    }
    if (rows.length < size) break;
  }
  return log;
}

interface Count extends Record<string, unknown> {
  readonly metric: string;
  readonly variant: string;
  readonly n: number;
}

/** Exact: clients read until they have so many. */
function countOf(call: Call, owner: Owner, scroll: Scroll): number {
  const test = metricTest(scroll.metrics);
  const rows = typesOf(scroll).flatMap((type) => countsOf(call, owner, type));
  return rows.reduce((sum, row) => sum + (test(row.metric, row.variant) ? row.n : 0), 0);
}

function countsOf(call: Call, { seq }: Owner, type: string): Count[] {
  if (type === "log") {
    const named = namesOfLogs(call, seq);
    const all = call.db.get<{ n: number }>("SELECT count(*) AS n FROM log_events WHERE task = ?", seq)?.n ?? 0;
    return [...named, { metric: "", variant: "", n: all - named.reduce((sum, row) => sum + row.n, 0) }];
  }
  if (type === "training_stats_scalar")
    return call.db.all<Count>(
      "SELECT metric, variant, (SELECT count(*) FROM points WHERE points.series = series.seq) AS n FROM series WHERE task = ?",
      seq,
    );
  const sql = "SELECT metric, variant, count(*) AS n FROM other_events WHERE task = ? AND type = ? GROUP BY metric, variant";
  return call.db.all<Count>(sql, seq, type);
}

function isScroll(value: unknown): value is Scroll {
  if (!isMap(value)) return false;
  const { type, direction, iter, log, total } = value;
  const isLog = log === null || (Array.isArray(log) && log.length === 2 && log.every(Number.isFinite));
  const isNumber = (one: unknown): boolean => one === null || Number.isSafeInteger(one);
  return isLog && isNumber(iter) && isNumber(total) && typeof type === "string" && (direction === "asc" || direction === "desc");
}
