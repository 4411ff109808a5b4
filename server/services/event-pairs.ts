import type { Call } from "../endpoint.ts";
import type { Owner } from "./event-owners.ts";
import type { NameTest } from "./event-rows.ts";

/** Metric and variant of what a task has of one type. */
export interface Pair extends Record<string, unknown> {
  readonly metric: string;
  readonly variant: string;
}

/** In alphabetical order. */
export function pairsOf(call: Call, { seq }: Owner, type: string, wanted: NameTest = () => true): Pair[] {
  const sql = "SELECT DISTINCT metric, variant FROM other_events WHERE task = ? AND type = ? ORDER BY metric, variant";
  return call.db.all<Pair>(sql, seq, type).filter(({ metric, variant }) => wanted(metric, variant));
}
