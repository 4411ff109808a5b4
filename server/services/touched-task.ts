import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";
import { md5 } from "../store/database.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { type MetricPoint, mergedMetrics } from "./last-metrics.ts";

/** What a batch did to one task so far. */
export interface Touched {
  readonly id: string;
  readonly seq: number;
  readonly points: MetricPoint[];
  readonly eventTypes: Map<string, Set<string>>;
  lastIteration: number;
}

/** Each touched task gets its last_update, and last_iteration, last_metrics, metric_stats (clearml-api.md 7.1). */
export function finish(call: Call, task: Touched): void {
  const now = wireDate(call.nowMs);
  const changes: Document = { last_update: now, last_change: now };
  const row = call.db.get<{ last_iteration: number | null; last_metrics: string | null; metric_stats: string | null }>(
    task.points.length === 0
      ? "SELECT last_iteration FROM tasks WHERE seq = ?"
      : "SELECT last_iteration, last_metrics, metric_stats FROM tasks WHERE seq = ?",
    task.seq,
  );
  if (task.lastIteration > (row?.last_iteration ?? 0)) changes["last_iteration"] = task.lastIteration;
  if (task.points.length > 0) {
    changes["last_metrics"] = mergedMetrics(JSON.parse(row?.last_metrics ?? "{}"), task.points);
    changes["metric_stats"] = statsOf(call, task);
  }
  updateDocument(call.db, TASK, task.id, changes);
}

function statsOf(call: Call, task: Touched): Document {
  const entries = [...task.eventTypes].map(([metric, types]) => {
    const byType = Object.fromEntries([...types].map((type) => [type, { last_update: call.nowMs }]));
    return [md5(metric), { metric, event_stats_by_type: byType }];
  });
  return Object.fromEntries(entries) as Document;
}
