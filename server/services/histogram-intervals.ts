/** How wide the buckets of curves are (clearml-tasks-events.md 10): similar curves share a width. */
interface Ranged {
  readonly n: number;
  readonly least: number;
  readonly greatest: number;
}

export interface IntervalGroup<S> {
  /** The greatest one that a member needs. */
  readonly interval: number;
  readonly members: readonly S[];
}

const MAX_BUCKETS = 6000;
const MAX_MEMBERS = 50;

/** Groups by growing interval; a group takes what lies within a tenth of its first member's. */
export function intervalGroups<S extends Ranged>(series: readonly S[], samples: number): IntervalGroup<S>[] {
  const sized = series.map((one) => ({ one, ...sizeOf(one, samples) })).toSorted((a, b) => a.interval - b.interval);
  const groups: { upper: number; interval: number; buckets: number; members: S[] }[] = [];
  for (const { one, interval, buckets } of sized) {
    const group = groups.at(-1);
    const fits =
      group !== undefined && interval <= group.upper && group.buckets + buckets <= MAX_BUCKETS && group.members.length < MAX_MEMBERS;
    if (fits) {
      group.members.push(one);
      group.interval = interval;
      group.buckets += buckets;
    } else groups.push({ upper: interval + Math.floor(interval * 0.1), interval, buckets, members: [one] });
  }
  return groups;
}

function sizeOf({ n, least, greatest }: Ranged, samples: number): { interval: number; buckets: number } {
  if (n < samples) return { interval: 1, buckets: n };
  const range = Math.floor(greatest) - Math.floor(least) + 1;
  const interval = Math.max(1, Math.ceil(range / samples));
  return { interval, buckets: Math.ceil(range / interval) };
}
