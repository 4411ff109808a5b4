import type { Call } from "../endpoint.ts";

/** How many seconds the runs of each group took on each day of a span, and what they used meanwhile (clearml-services.md 4). */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** The beginnings of its days, in the time zone of its first date. */
  readonly daysMs: readonly number[];
}

export interface Run extends Record<string, unknown> {
  readonly project: string | null;
  readonly user: string | null;
  readonly queue: string | null;
  readonly started: string;
  readonly ended: string | null;
}

export type Key = string | null;
export const USAGES = ["cpu_usage", "gpu_usage"] as const;
export type Usage = (typeof USAGES)[number];
export const DAY_MS = 86_400_000;

type WeightOf = (run: Run, usage: Usage) => number | undefined;

/** What a second on a run's queue counts; undefined: the queue does not say. */
export function weightsIn(call: Call, runs: readonly Run[]): WeightOf {
  const ids = [...new Set(runs.flatMap((run) => run.queue ?? []))];
  const sql = "SELECT id, resources FROM queues WHERE resources IS NOT NULL AND id IN (SELECT value FROM json_each(?))";
  const rows = call.db.all<{ id: string; resources: string }>(sql, JSON.stringify(ids));
  const resources = new Map<Key, Record<string, unknown>>(rows.map((row) => [row.id, JSON.parse(row.resources)]));
  return (run, usage) => {
    const weight = resources.get(run.queue)?.[usage];
    return typeof weight === "number" ? weight : undefined;
  };
}

/** What a group used on each day. */
export interface Sums {
  readonly days: Readonly<Record<Usage | "duration", number[]>>;
  /** Usages in which a second counted as one because its queue says nothing. */
  readonly unweighed: Set<Usage>;
}

export function sumsBy(runs: readonly Run[], span: Span, nowMs: number, weightOf: WeightOf, keyOf: (run: Run) => Key): Map<Key, Sums> {
  const none = (): number[] => span.daysMs.map(() => 0);
  const sums = new Map<Key, Sums>();
  for (const run of runs) {
    const { days, unweighed } = getOrAdd(sums, keyOf(run), () => ({
      days: { duration: none(), cpu_usage: none(), gpu_usage: none() },
      unweighed: new Set(),
    }));
    const seconds = secondsOf(run, span, nowMs);
    addTo(days.duration, seconds, 1);
    for (const usage of USAGES) {
      const weight = weightOf(run, usage);
      if (weight === undefined) unweighed.add(usage);
      addTo(days[usage], seconds, weight ?? 1);
    }
  }
  return sums;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function addTo(sums: number[], seconds: readonly (readonly [day: number, seconds: number])[], weight: number): void {
  for (const [day, count] of seconds) sums[day] = (sums[day] ?? 0) + count * weight;
}

/** The whole seconds of a run on each of its days. */
function secondsOf(run: Run, { fromMs, toMs, daysMs }: Span, nowMs: number): [day: number, seconds: number][] {
  const ended = run.ended === null ? nowMs : Date.parse(run.ended);
  const [beginMs, endMs] = [Math.max(Date.parse(run.started), fromMs), Math.min(ended, toMs)];
  const firstMs = daysMs[0] ?? 0;
  const found: [number, number][] = [];
  for (let day = Math.floor((beginMs - firstMs) / DAY_MS); day < daysMs.length && firstMs + day * DAY_MS < endMs; day++) {
    const dayMs = firstMs + day * DAY_MS;
    found.push([day, Math.trunc((Math.min(endMs, dayMs + DAY_MS) - Math.max(beginMs, dayMs)) / 1000)]);
  }
  return found;
}
