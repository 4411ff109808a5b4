import { ApiFault } from "../api-fault.ts";
import { flagOf, integerOf, isMap, requiredText, requiredTextList, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION, SINGLE_VALUE_ITERATION } from "./event-fields.ts";
import { type Owner, requireOwner, requireOwners } from "./event-owners.ts";
import { pairsOf } from "./event-pairs.ts";
import { MAX_EVENTS, metricTest, type NameTest, type OtherRow, otherEvent } from "./event-rows.ts";
import { decodedScroll, ENDED, encodedScroll } from "./event-scrolls.ts";

/** The newest plots of one task, or of several side by side (clearml-tasks-events.md 11). */
const PLOTS_IN_PAGE = 1000;

/** Throws 500/0, as the official server does, for 0. */
function iterationsIn(body: Body): number {
  const iters = integerOf(body, "iters") ?? 1;
  if (iters < 1) throw new ApiFault(500, 0, "General server error (iters must be positive)");
  return iters;
}

/** `events.get_task_plots`: per curve the newest `iters`; one without an iteration counts as the oldest. */
export function getTaskPlots(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const iters = iterationsIn(body);
  const pairs = pairsOf(call, owner, "plot", metricTest(body["metrics"]));
  const rows = pairs.flatMap(({ metric, variant }) => newestOf(call, owner, metric, variant, iters)).slice(0, MAX_EVENTS);
  const plots = rows.map((row) => otherEvent(owner.id, row));
  return { plots, returned: plots.length, total: plots.length, scroll_id: null };
}

function newestOf(call: Call, { seq }: Owner, metric: string, variant: string, iters: number): OtherRow[] {
  const curve = "SELECT * FROM other_events WHERE task = ? AND type = 'plot' AND metric = ? AND variant = ?";
  const placed = call.db.all<OtherRow>(`${curve} AND iter < ? ORDER BY iter DESC LIMIT ?`, seq, metric, variant, NO_ITERATION, iters);
  if (placed.length >= iters) return placed;
  return [...placed, ...call.db.all<OtherRow>(`${curve} AND iter = ? LIMIT ?`, seq, metric, variant, NO_ITERATION, iters - placed.length)];
}

interface PlotKey extends Record<string, unknown> {
  readonly seq: number;
  readonly metric: string;
  readonly variant: string;
  readonly iter: number;
  readonly owner: Owner;
}

/** `events.get_multi_task_plots`: by metric, variant, task and iteration. */
export function getMultiTaskPlots(call: Call, body: Body): object {
  const owners = requireOwners(call, [...new Set(requiredTextList(body, "tasks"))], body);
  const iters = iterationsIn(body);
  const scrollId = textOf(body, "scroll_id");
  if (scrollId === ENDED) return { plots: {}, returned: 0, total: 0, scroll_id: null };
  const from = scrollId
    ? decodedScroll(scrollId, (value): value is { from: number } => isMap(value) && Number.isSafeInteger(value["from"])).from
    : 0;
  const wanted = metricTest(body["metrics"]);
  const perMetric = flagOf(body, "last_iters_per_task_metric", true);
  const keys = owners.flatMap((owner) => keysOf(call, owner, wanted, perMetric, iters)).sort((a, b) => b.iter - a.iter || a.seq - b.seq);
  const page = keys.slice(from, from + PLOTS_IN_PAGE);
  const plots = treeOf(call, page, iters);
  const ended = page.length === 0 ? ENDED : encodedScroll({ from: from + page.length });
  const next = flagOf(body, "no_scroll") || keys.length === 0 ? null : ended;
  return { plots, returned: Object.keys(plots).length, total: keys.length, scroll_id: next };
}

/** The plots of the newest iterations of a task, or of each of its metrics, among the wanted curves. */
function keysOf(call: Call, owner: Owner, wanted: NameTest, perMetric: boolean, iters: number): PlotKey[] {
  const pairs = pairsOf(call, owner, "plot", wanted).map(({ metric, variant }) => [metric, variant]);
  const rows = call.db.all<Omit<PlotKey, "owner">>(
    `SELECT seq, metric, variant, iter FROM (
       SELECT seq, other_events.metric, other_events.variant, iter, dense_rank() OVER (${perMetric ? "PARTITION BY other_events.metric" : ""} ORDER BY iter DESC) AS age
       FROM (SELECT value ->> 0 AS metric, value ->> 1 AS variant FROM json_each(?)) AS pair
       CROSS JOIN other_events ON task = ? AND type = 'plot' AND other_events.metric = pair.metric AND other_events.variant = pair.variant
         AND iter > ${SINGLE_VALUE_ITERATION} AND iter < ${NO_ITERATION})
     WHERE age <= ? LIMIT ${MAX_EVENTS}`,
    JSON.stringify(pairs),
    owner.seq,
    iters,
  );
  return rows.map((row) => ({ ...row, owner }) as PlotKey);
}

type Tree = Record<string, Record<string, Record<string, Record<string, { name: string | null; plots: Document[] }>>>>;

/** Names come in descending order, of each curve of a task the newest `iters`. */
function treeOf(call: Call, page: readonly PlotKey[], iters: number): Tree {
  const tree: Tree = Object.create(null) as Tree;
  for (const { seq, metric, variant, iter, owner } of page.toSorted(descending)) {
    const byIteration = ((((tree[metric] ??= Object.create(null)) as Tree[string])[variant] ??= Object.create(null))[owner.id] ??= {});
    const known = byIteration[iter];
    if (known === undefined && Object.keys(byIteration).length >= iters) continue;
    const row = call.db.get<OtherRow>("SELECT * FROM other_events WHERE seq = ?", seq);
    if (row === undefined) continue;
    const place = known ?? { name: owner.name, plots: [] };
    byIteration[iter] = place;
    place.plots.push(otherEvent(owner.id, row));
  }
  return tree;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function descending(a: PlotKey, b: PlotKey): number {
  return compare(b.metric, a.metric) || compare(b.variant, a.variant) || compare(b.owner.id, a.owner.id) || b.iter - a.iter;
}
