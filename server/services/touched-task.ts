import type { Call } from "../endpoint.ts";
import { md5 } from "../store/database.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { MODEL, TASK } from "../store/kinds.ts";
import type { Touched } from "./event-batch.ts";
import { type LastMetrics, mergedMetrics } from "./last-metrics.ts";
import { aliveNow, updatedNow } from "./task-changes.ts";

/**
 * What a batch leaves in the document of a task or model (clearml-tasks-events.md 8): last_update, last_iteration, last_metrics,
 * unique_metrics, and of a task how long it has run and metric_stats, which is the batch's alone.
 */
export function finish(call: Call, touched: Touched): void {
  const kind = touched.isModel ? MODEL : TASK;
  const life = touched.isModel ? [] : ["status", "started"];
  const summary = touched.pairs.length === 0 ? [] : ["last_metrics", "unique_metrics"];
  const document = findDocument(call.db, kind, touched.id, ["last_iteration", ...life, ...summary]);
  if (document === undefined) return;
  const changes: Document = touched.isModel ? updatedNow(call) : aliveNow(call, document);
  const before = (document["last_iteration"] as number | undefined) ?? 0;
  if (touched.lastIteration !== null && touched.lastIteration > before) changes["last_iteration"] = touched.lastIteration;
  if (touched.pairs.length > 0) Object.assign(changes, withPairs(document, touched));
  if (!touched.isModel) changes["metric_stats"] = statsOf(touched);
  updateDocument(call.db, kind, touched.id, changes);
}

function withPairs(document: Document, { pairs }: Touched): Document {
  const stored = document["last_metrics"] as LastMetrics;
  const { metrics, unique } = mergedMetrics(stored, namesIn(document, stored), pairs);
  return { last_metrics: metrics, unique_metrics: unique };
}

/** Documents of the time before `unique_metrics` was kept have their names in the summary. */
function namesIn(document: Document, stored: LastMetrics): string[] {
  const unique = document["unique_metrics"] as string[];
  if (unique.length > 0) return unique;
  return Object.values(stored).flatMap((variants) => Object.values(variants).map(({ metric, variant }) => `${metric}/${variant}`));
}

function statsOf({ stats }: Touched): Document {
  const byMetric = Map.groupBy(stats, (stat) => stat.metric);
  const entries = [...byMetric].map(([metric, types]) => {
    const byType = Object.fromEntries(types.map(({ type, timestamp }) => [type, { last_update: timestamp }]));
    return [md5(metric), { metric, event_stats_by_type: byType }];
  });
  return Object.fromEntries(entries) as Document;
}
