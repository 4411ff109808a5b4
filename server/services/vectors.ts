import { requiredText } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { NO_ITERATION } from "./event-fields.ts";
import { requireOwner } from "./event-owners.ts";
import { MAX_EVENTS, type OtherRow, otherEvent } from "./event-rows.ts";

/** `events.vector_metrics_iter_histogram`: the vectors of one variant by iteration (clearml-tasks-events.md 10). */
export function vectorHistogram(call: Call, body: Body): object {
  const [metric, variant] = [requiredText(body, "metric"), requiredText(body, "variant")];
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const rows = call.db.all<OtherRow>(
    `SELECT * FROM other_events WHERE task = ? AND type = 'training_stats_vector' AND metric = ? AND variant = ? AND iter < ? ORDER BY iter LIMIT ?`,
    owner.seq,
    metric,
    variant,
    NO_ITERATION,
    MAX_EVENTS,
  );
  const vectors = rows.map((row) => otherEvent(owner.id, row)["value"]);
  return { metric, variant, vectors, iterations: rows.map((row) => row.iter) };
}
