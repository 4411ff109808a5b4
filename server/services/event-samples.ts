import { flagOf, integerOf, requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Owner, requireOwner } from "./event-owners.ts";
import { invalidScroll, keepScroll, keptScroll } from "./event-scrolls.ts";
import { IMAGES, type Item, PLOTS, type SampleKind } from "./sample-kinds.ts";
import { iterationAt, iterationsBeyond, type Shown } from "./seen-events.ts";

/**
 * One debug image, or the plots of one metric, at a time, and from there to the next (clearml-tasks-events.md 11, 12.2):
 * `get_debug_image_sample`, `next_debug_image_sample`, `get_plot_sample`, `next_plot_sample`.
 */
interface State {
  readonly task: string;
  readonly navigateCurrent: boolean;
  readonly metric: string;
  /** Items that may be visited: what was there when the state was made. */
  readonly items: readonly Item[];
  readonly at: { readonly item: Item; readonly iter: number } | null;
}

function getSample(kind: SampleKind): (call: Call, body: Body) => object {
  return (call, body) => {
    const metric = requiredText(body, "metric");
    const variant = kind.hasVariant ? requiredText(body, "variant") : "";
    const owner = requireOwner(call, requiredText(body, "task"), body);
    const navigateCurrent = flagOf(body, "navigate_current_metric", true);
    const { id, state } = keptScroll<State>(call, textOf(body, "scroll_id"), kind.name);
    if (state !== undefined && !isOf(state, owner.id, navigateCurrent, metric)) throw otherState(id);
    const items =
      state === undefined || flagOf(body, "refresh") ? kind.items(call, owner, navigateCurrent ? metric : undefined) : state.items;
    const item = items.find((one) => one.metric === metric && one.variant === variant);
    const newest = item && newestOf(call, owner, kind, item, integerOf(body, "iteration"));
    const at = item && newest ? { item, iter: newest.iter } : null;
    keepScroll(call, id, kind.name, { task: owner.id, navigateCurrent, metric, items, at } satisfies State);
    return kind.reply(owner, id, newest, item && kind.reach(call, owner, item));
  };
}

function isOf(state: State, task: string, navigateCurrent: boolean, metric: string): boolean {
  return state.task === task && state.navigateCurrent === navigateCurrent && (!navigateCurrent || state.metric === metric);
}

const otherState = (id: string): Error =>
  invalidScroll({ scroll_id: id }, " (Task and metric stored in the state do not match the passed ones)");

function newestOf(call: Call, owner: Owner, kind: SampleKind, item: Item, iteration: number | undefined): Shown | undefined {
  const reach = kind.reach(call, owner, item);
  if (reach === undefined) return undefined;
  const from = Math.min(iteration ?? reach.greatest, reach.greatest) + 1;
  const test = kind.test(call, owner, [item]);
  const newest = iterationsBeyond(call, owner, kind.type, from, "earlier", test).next().value;
  return newest ? kind.split(newest)[0]?.shown : undefined;
}

function nextSample(kind: SampleKind): (call: Call, body: Body) => object {
  return (call, body) => {
    const owner = requireOwner(call, requiredText(body, "task"), body);
    const scrollId = textOf(body, "scroll_id");
    const { id, state } = keptScroll<State>(call, scrollId, kind.name);
    if (state === undefined || state.task !== owner.id) throw invalidScroll({ scroll_id: scrollId ?? null });
    const earlier = flagOf(body, "navigate_earlier", true);
    const found = state.at === null ? undefined : step(call, owner, kind, state.items, state.at, earlier, flagOf(body, "next_iteration"));
    keepScroll(call, id, kind.name, found === undefined ? state : { ...state, at: { item: found.item, iter: found.shown.iter } });
    return kind.reply(owner, id, found?.shown, found && kind.reach(call, owner, found.item));
  };
}

interface Step {
  readonly item: Item;
  readonly shown: Shown;
}

/** The neighbour at the same iteration, else the nearest end of the next iteration in the direction. */
function step(
  call: Call,
  owner: Owner,
  kind: SampleKind,
  items: readonly Item[],
  at: NonNullable<State["at"]>,
  earlier: boolean,
  nextIteration: boolean,
): Step | undefined {
  const test = kind.test(call, owner, items);
  const here = nextIteration ? undefined : iterationAt(call, owner, kind.type, at.iter, test);
  const beside =
    here === undefined ? [] : kind.split(here).filter(({ item }) => (earlier ? compare(item, at.item) < 0 : compare(item, at.item) > 0));
  if (beside.length > 0) return beside.at(earlier ? -1 : 0);
  const next = iterationsBeyond(call, owner, kind.type, at.iter, earlier ? "earlier" : "later", test).next().value;
  return next ? kind.split(next).at(earlier ? -1 : 0) : undefined;
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const compare = (a: Item, b: Item): number => compareTexts(a.metric, b.metric) || compareTexts(a.variant, b.variant);

export const SAMPLE_ENDPOINTS: readonly Endpoint[] = [
  read("events.get_debug_image_sample", getSample(IMAGES)),
  read("events.next_debug_image_sample", nextSample(IMAGES)),
  read("events.get_plot_sample", getSample(PLOTS)),
  read("events.next_plot_sample", nextSample(PLOTS)),
];
