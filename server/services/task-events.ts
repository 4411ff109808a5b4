import { ApiFault } from "../api-fault.ts";
import { integerOf, isMap, requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { type Direction, otherPositions, type Placed, type Positions, pointPositions } from "./event-positions.ts";
import { MAX_EVENTS, metricTest, seqOf } from "./event-reading.ts";
import { type LogRow, logEvent } from "./task-log.ts";

/**
 * `events.get_task_events` (clearml-api.md 7.2, 7.3): all events of a task by iteration, then its console, which has none, by
 * time. A page holds `batch_size` events and whatever shares the last iteration; it is read from where the one before ended.
 */
interface Scroll {
  /** The last iteration that was delivered; null while there was none, and once only the console is left. */
  readonly iter: number | null;
  /** Time and number of the last line that was delivered; null before the console has begun. */
  readonly log: readonly [timestamp: number, seq: number] | null;
  /** As of the first page: clients read until they have so many. */
  readonly total: number;
}

interface Wanted {
  readonly task: string;
  readonly seq: number;
  readonly type: string;
  readonly direction: Direction;
  readonly test: (metric: string, variant: string) => boolean;
}

export function getTaskEvents(call: Call, body: Body): object {
  const task = requiredText(body, "task");
  const direction = textOf(body, "order") === "desc" ? "desc" : "asc";
  const wanted = { task, seq: seqOf(call, task), type: textOf(body, "event_type") ?? "*", direction, test: metricTest(body) } as const;
  const scroll = scrollOf(textOf(body, "scroll_id")) ?? { iter: null, log: null, total: countOf(call, wanted) };
  const size = integerOf(body, "batch_size", 1) ?? 500;
  const page = pageOf(call, wanted, scroll, Math.min(size, MAX_EVENTS));
  return { events: page.events, returned: page.events.length, total: scroll.total, scroll_id: scrollId(page.scroll) };
}

function pageOf(call: Call, wanted: Wanted, scroll: Scroll, size: number): { events: Document[]; scroll: Scroll } {
  const events: Document[] = [];
  let { iter, log } = scroll;
  const sources = log === null ? sourcesOf(call, wanted, iter, size) : [];
  for (const group of byPosition(sources, wanted.direction)) {
    events.push(...group.map((placed) => placed.event()));
    iter = group[0]?.at ?? iter;
    if (events.length >= size) return { events, scroll: { ...scroll, iter } };
  }
  log ??= BEFORE_ALL;
  for (const row of logsAfter(call, wanted, log, size)) {
    events.push(logEvent(wanted.task, row));
    log = [row.timestamp, row.seq];
    if (events.length >= size) break;
  }
  return { events, scroll: { ...scroll, iter, log } };
}

function sourcesOf(call: Call, wanted: Wanted, after: number | null, size: number): Positions[] {
  const { task, seq, type, direction, test } = wanted;
  const place = { call, task, after, direction, size };
  const points = type === "*" || type === "training_stats_scalar" ? pointPositions(place, seq, test) : [];
  return type === "log" || type === "training_stats_scalar" ? points : [...points, otherPositions(place, seq, type, test)];
}

/** Merges the sources: all events of one iteration after the other. */
function* byPosition(sources: readonly Positions[], direction: Direction): Generator<Placed[]> {
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

const BEFORE_ALL = [Number.MIN_SAFE_INTEGER, 0] as const;

function* logsAfter(call: Call, wanted: Wanted, after: readonly [number, number], piece: number): Generator<LogRow> {
  if (wanted.type !== "*" && wanted.type !== "log") return;
  const sql = "SELECT * FROM log_events WHERE task = ? AND (timestamp, seq) > (?, ?) ORDER BY timestamp, seq LIMIT ?";
  for (let [timestamp, seq] = after; ; ) {
    const rows = call.db.all<LogRow & Record<string, unknown>>(sql, wanted.seq, timestamp, seq, piece);
    for (const row of rows) if (wanted.test(row.metric ?? "", row.variant ?? "")) yield row;
    const last = rows.at(-1);
    if (last === undefined || rows.length < piece) return;
    [timestamp, seq] = [last.timestamp, last.seq];
  }
}

function countOf(call: Call, { seq, type, test }: Wanted): number {
  const logs =
    "SELECT coalesce(metric, '') AS metric, coalesce(variant, '') AS variant, count(*) AS n FROM log_events WHERE task = ? GROUP BY 1, 2";
  const points = "SELECT metric, variant, (SELECT count(*) FROM points WHERE series = series.seq) AS n FROM series WHERE task = ?";
  const others = "SELECT metric, variant, count(*) AS n FROM other_events WHERE task = ? AND (? = '*' OR type = ?) GROUP BY 1, 2";
  const rows = [
    ...(type === "*" || type === "log" ? call.db.all<Count>(logs, seq) : []),
    ...(type === "*" || type === "training_stats_scalar" ? call.db.all<Count>(points, seq) : []),
    ...call.db.all<Count>(others, seq, type, type),
  ];
  return rows.reduce((sum, row) => sum + (test(row.metric, row.variant) ? row.n : 0), 0);
}

interface Count extends Record<string, unknown> {
  readonly metric: string;
  readonly variant: string;
  readonly n: number;
}

const scrollId = (scroll: Scroll): string => Buffer.from(JSON.stringify(scroll)).toString("base64url");

/** 400/1104 for what no page gave. */
function scrollOf(id: string | undefined): Scroll | undefined {
  if (id === undefined || id === "") return undefined;
  try {
    const scroll: unknown = JSON.parse(Buffer.from(id, "base64url").toString());
    if (isMap(scroll) && isScroll(scroll["iter"], scroll["log"], scroll["total"])) return scroll as unknown as Scroll;
  } catch {
    // The refusal below says it.
  }
  throw new ApiFault(400, 1104, "Invalid scroll id", { scroll_id: id });
}

function isScroll(iter: unknown, log: unknown, total: unknown): boolean {
  const isLog = log === null || (Array.isArray(log) && log.length === 2 && log.every(Number.isSafeInteger));
  return (iter === null || Number.isSafeInteger(iter)) && isLog && Number.isSafeInteger(total);
}
