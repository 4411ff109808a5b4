import type { Call } from "../endpoint.ts";
import { NO_ITERATION } from "./event-fields.ts";
import type { Owner } from "./event-owners.ts";
import { pairsOf } from "./event-pairs.ts";
import { imageReach, type Reach } from "./image-borders.ts";
import { eventsOf, FIRST_ITERATION, type SeenType, type Shown, type ShownTest } from "./seen-events.ts";

/** What is looked at one by one: a variant's image, or all plots of a metric, whose variant is then empty. */
export interface Item {
  readonly metric: string;
  readonly variant: string;
}

/** How the two kinds of samples differ. */
export interface SampleKind {
  readonly name: string;
  readonly type: SeenType;
  readonly hasVariant: boolean;
  items(call: Call, owner: Owner, metric: string | undefined): Item[];
  /** The first and the last iteration that it has to show. */
  reach(call: Call, owner: Owner, item: Item): Reach | undefined;
  test(call: Call, owner: Owner, items: readonly Item[]): ShownTest;
  /** What one iteration shows, item by item in alphabetical order. */
  split(shown: Shown): { item: Item; shown: Shown }[];
  reply(owner: Owner, scrollId: string, shown: Shown | undefined, reach: Reach | undefined): object;
}

export const IMAGES: SampleKind = {
  name: "image sample",
  type: "training_debug_image",
  hasVariant: true,
  items: (call, owner, metric) => pairsOf(call, owner, "training_debug_image", (name) => metric === undefined || name === metric),
  reach: (call, owner, { metric, variant }) => imageReach(call, owner, metric, variant),
  test: (call, owner, items) => {
    const reaches = new Map<string, Reach | undefined>(items.map((item) => [JSON.stringify([item.metric, item.variant]), undefined]));
    return (metric, variant, iter) => {
      const name = JSON.stringify([metric, variant]);
      if (!reaches.has(name)) return false;
      const reach = reaches.get(name) ?? imageReach(call, owner, metric, variant);
      reaches.set(name, reach);
      return reach !== undefined && iter >= reach.least;
    };
  },
  split: ({ iter, rows }) => rows.map((row) => ({ item: { metric: row.metric, variant: row.variant }, shown: { iter, rows: [row] } })),
  reply: (owner, scrollId, shown, reach) => ({
    scroll_id: scrollId,
    event: (shown && eventsOf(owner, shown)[0]) ?? null,
    min_iteration: reach?.least ?? null,
    max_iteration: reach?.greatest ?? null,
  }),
};

const MAX_VARIANTS = 100;

export const PLOTS: SampleKind = {
  name: "plot sample",
  type: "plot",
  hasVariant: false,
  items: (call, owner, metric) => {
    const metrics = new Set(pairsOf(call, owner, "plot").map((pair) => pair.metric));
    return [...metrics].filter((name) => metric === undefined || name === metric).map((name) => ({ metric: name, variant: "" }));
  },
  reach: plotReach,
  test: (_call, _owner, items) => {
    const metrics = new Set(items.map((item) => item.metric));
    return (metric) => metrics.has(metric);
  },
  split: ({ iter, rows }) =>
    [...Map.groupBy(rows, (row) => row.metric)].map(([metric, group]) => ({
      item: { metric, variant: "" },
      shown: { iter, rows: group.slice(0, MAX_VARIANTS) },
    })),
  reply: (owner, scrollId, shown, reach) => ({
    scroll_id: scrollId,
    events: shown === undefined ? [] : eventsOf(owner, shown),
    min_iteration: reach?.least ?? null,
    max_iteration: reach?.greatest ?? null,
  }),
};

function plotReach(call: Call, { seq }: Owner, { metric }: Item): Reach | undefined {
  const row = call.db.get<{ least: number | null; greatest: number | null }>(
    `SELECT min(iter) AS least, max(iter) AS greatest FROM other_events
     WHERE task = ? AND type = 'plot' AND metric = ? AND iter > ${FIRST_ITERATION} AND iter < ${NO_ITERATION}`,
    seq,
    metric,
  );
  return typeof row?.least === "number" && typeof row.greatest === "number" ? { least: row.least, greatest: row.greatest } : undefined;
}
