import { flagOf, integerOf, mapListOf, requiredText, textListOf, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { type Owner, requireOwner, requireOwners } from "./event-owners.ts";
import { pairsOf } from "./event-pairs.ts";
import { type KeptScroll, keepScroll, keptScroll } from "./event-scrolls.ts";
import { overwrittenTest } from "./image-borders.ts";
import { AFTER_ALL, eventsOf, FIRST_ITERATION, iterationsBeyond, type SeenType, type Shown, type ShownTest } from "./seen-events.ts";

/** `events.debug_images` and `events.plots`: pages of iterations, earlier and later ones by a scroll id (clearml-tasks-events.md 12.1). */
interface TaskState {
  /** The metrics that are walked through, with their variants where these were asked for. */
  readonly metrics: Readonly<Record<string, readonly string[] | null>>;
  /** When each metric last got such an event, as far as the task remembers it. */
  readonly stamps: Readonly<Record<string, number>>;
  /** The borders of the last page that held something. */
  readonly page: readonly [least: number, greatest: number] | null;
}

type State = Readonly<Record<string, TaskState>>;

export function iterationPages(type: SeenType): (call: Call, body: Body) => object {
  return (call, body) => {
    const asked = askedMetrics(body);
    const owners = requireOwners(call, [...asked.keys()], body);
    const kept: KeptScroll<State> = keptScroll(call, textOf(body, "scroll_id"), type);
    const next: Record<string, TaskState> = {};
    const metrics = owners.map((owner) => {
      const state = stateOf(call, owner, type, asked.get(owner.id) ?? {}, kept.state?.[owner.id], flagOf(body, "refresh"));
      const page = pageOf(call, owner, type, state, body);
      next[owner.id] = page.length === 0 ? state : { ...state, page: [page.at(-1)?.iter ?? 0, page[0]?.iter ?? 0] };
      return { task: owner.id, iterations: page.map((shown) => ({ iter: shown.iter, events: eventsOf(owner, shown) })) };
    });
    keepScroll(call, kept.id, type, next);
    return { metrics, scroll_id: kept.id };
  };
}

type Asked = Record<string, string[] | null>;

/** By task; an entry without a metric stands for all of them, which is an empty choice. */
function askedMetrics(body: Body): Map<string, Asked | undefined> {
  const asked = new Map<string, Asked | undefined>();
  for (const one of mapListOf(body, "metrics") ?? []) {
    const task = requiredText(one, "task");
    const [metric, variants] = [textOf(one, "metric"), textListOf(one, "variants")];
    const known = asked.has(task) ? asked.get(task) : (Object.create(null) as Asked);
    if (metric === undefined || known === undefined) asked.set(task, undefined);
    else asked.set(task, Object.assign(known, { [metric]: variants === undefined || variants.length === 0 ? null : variants }));
  }
  return asked;
}

function stateOf(call: Call, owner: Owner, type: SeenType, asked: Asked, known: TaskState | undefined, refresh: boolean): TaskState {
  if (known !== undefined && !refresh) return known;
  const stamps = stampsOf(call, owner, type);
  if (known === undefined) {
    const all = Object.fromEntries(pairsOf(call, owner, type).map(({ metric }) => [metric, null]));
    return { metrics: Object.keys(asked).length === 0 ? all : asked, stamps, page: null };
  }
  const newer = Object.keys(stamps).filter((metric) => (stamps[metric] ?? 0) > (known.stamps[metric] ?? 0));
  if (newer.length === 0) return known;
  const metrics = { ...Object.fromEntries(newer.map((metric) => [metric, null])), ...known.metrics };
  return { metrics, stamps: { ...known.stamps, ...stamps }, page: null };
}

/** As `metric_stats` has it, which is the last batch's alone. */
function stampsOf(call: Call, { id }: Owner, type: SeenType): Record<string, number> {
  const row = call.db.get<{ metric_stats: string | null }>("SELECT metric_stats FROM tasks WHERE id = ?", id);
  const stats = JSON.parse(row?.metric_stats ?? "{}") as Record<string, { metric: string; event_stats_by_type: Record<string, Document> }>;
  const found = Object.values(stats).flatMap(({ metric, event_stats_by_type: types }) => {
    const stamp = types[type]?.["last_update"];
    return typeof stamp === "number" ? [[metric, stamp] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Newest first; the first page is the newest whatever the direction. */
function pageOf(call: Call, owner: Owner, type: SeenType, { metrics, page }: TaskState, body: Body): Shown[] {
  const iters = integerOf(body, "iters", 1) ?? 1;
  const earlier = page === null || flagOf(body, "navigate_earlier", true);
  const beyond = page === null ? AFTER_ALL : earlier ? page[0] : page[1];
  const isCurrent: ShownTest = type === "plot" ? () => true : overwrittenTest(call, owner);
  const test: ShownTest = (metric, variant, iter) => {
    const variants = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    return variants !== undefined && (variants === null || variants.includes(variant)) && isCurrent(metric, variant, iter);
  };
  const shown: Shown[] = [];
  for (const one of iterationsBeyond(call, owner, type, beyond, earlier ? "earlier" : "later", test)) {
    shown.push(one);
    if (shown.length >= iters) break;
  }
  return earlier ? shown : shown.reverse();
}

/** `events.debug_images` below version 2.7: all images of the last iterations, 500 a page. */
export function oldDebugImages(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const iters = integerOf(body, "iters", 1) ?? 1;
  const skip = Number(textOf(body, "scroll_id") ?? 0);
  const images: Document[] = [];
  let seen = 0;
  for (const shown of iterationsBeyond(
    call,
    owner,
    "training_debug_image",
    AFTER_ALL,
    "earlier",
    (_metric, _variant, iter) => iter > FIRST_ITERATION,
  )) {
    images.push(...eventsOf(owner, shown));
    if (++seen >= iters) break;
  }
  const page = images.slice(Number.isSafeInteger(skip) ? skip : images.length).slice(0, 500);
  return { task: owner.id, images: page, returned: page.length, total: images.length, scroll_id: String(skip + page.length) };
}
