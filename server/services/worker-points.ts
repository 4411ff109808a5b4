import type { Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/** What a worker reports of its machine, as it stands in the store: of each metric the list of its values, by variant. */
export type MachineFigures = Readonly<Record<string, readonly number[]>>;

export interface WorkerPoint {
  readonly worker: string;
  /** As the worker gave it, ms. */
  readonly at: number;
  readonly task: string | undefined;
  readonly stats: Document;
}

/** More values of one metric than any machine has: the rest is not kept. */
const MAX_VALUES = 256;

/** Nothing to say (no figures, or zeros only where one stands for all) is no point: such a report counts in no statistics. */
export function addWorkerPoint(call: Call, { worker, at, task, stats }: WorkerPoint): void {
  const figures = figuresIn(stats);
  if (Object.keys(figures).length === 0) return;
  call.db.run(
    "INSERT INTO worker_points (company, worker, at, task, stats) VALUES (?, ?, ?, ?, ?)",
    call.caller.company,
    worker,
    Math.trunc(at),
    task ?? null,
    JSON.stringify(figures),
  );
}

/** A zero or null alone is left out, zeros in a list stay (clearml-services.md 11). */
function figuresIn(stats: Document): MachineFigures {
  const found = Object.entries(stats).map(([metric, value]): [string, number[]] => [
    metric,
    (Array.isArray(value) ? value : value === 0 ? [] : [value]).filter((item) => typeof item === "number").slice(0, MAX_VALUES),
  ]);
  return Object.fromEntries(found.filter(([, values]) => values.length > 0));
}
