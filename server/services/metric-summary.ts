/** A value of a curve and where it stood. */
export interface Mark {
  readonly value: number;
  readonly iter: number;
}

/** What a batch says of one curve (clearml-tasks-events.md 8, last_metrics). */
export interface PairSummary {
  readonly metric: string;
  readonly variant: string;
  count: number;
  sum: number;
  /** Of the greatest iteration and time, the later one of equals. */
  lead: Mark & { readonly timestamp: number };
  least: Mark;
  greatest: Mark;
  first: Mark;
  label: string | null;
}

export interface Point extends Mark {
  readonly metric: string;
  readonly variant: string;
  readonly timestamp: number;
  readonly label: string | null;
}

/** Takes the next point of the batch into the summary of its curve. */
export function summarized(known: PairSummary | undefined, point: Point): PairSummary {
  const { metric, variant, value, iter, timestamp, label } = point;
  const mark = { value, iter };
  if (known === undefined)
    return { metric, variant, count: 1, sum: value, lead: { value, iter, timestamp }, least: mark, greatest: mark, first: mark, label };
  known.count++;
  known.sum += value;
  if (value < known.least.value) known.least = mark;
  if (value > known.greatest.value) known.greatest = mark;
  if (iter < known.first.iter) known.first = mark;
  if (iter > known.lead.iter || (iter === known.lead.iter && timestamp >= known.lead.timestamp)) {
    known.lead = { value, iter, timestamp };
    known.label = label ?? known.label;
  }
  return known;
}
