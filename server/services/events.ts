import { ApiFault } from "../api-fault.ts";
import { numberOf, requiredText, requiredTextList, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { getDebugImages, getLatestScalars, getSingleValues, getTaskPlots, seqOf, variantsByMetric } from "./event-reading.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { addEvents } from "./event-writing.ts";
import { type Curves, nested, scalarCurves } from "./scalar-histogram.ts";
import { getTaskEvents } from "./task-events.ts";
import { getTaskLog } from "./task-log.ts";

/** `events.*` (clearml-api.md 7). */
const MAX_COMPARED = 100;

function compareCurves(call: Call, body: Body): object {
  const tasks = requiredTextList(body, "tasks");
  if (tasks.length > MAX_COMPARED) throw new ApiFault(400, 12, `Validation error (up to ${MAX_COMPARED} tasks supported)`);
  const metrics: Compared = new Map();
  for (const task of tasks) {
    const name = call.db.get<{ name: string }>("SELECT name FROM tasks WHERE id = ?", task)?.name;
    addCurves(metrics, task, name, scalarCurves(call, body, task));
  }
  return { metrics: nested(metrics) };
}

/** Metric, variant, task: names of callers are keys of maps, never of objects. */
type Compared = Map<string, Map<string, Document>>;

function addCurves(metrics: Compared, task: string, name: string | undefined, curves: Curves): void {
  for (const [metric, variants] of curves) {
    const compared = metrics.get(metric) ?? new Map<string, Document>();
    metrics.set(metric, compared);
    for (const [variant, { x, y }] of variants) compared.set(variant, { ...compared.get(variant), [task]: { name, x, y } });
  }
}

function clearTaskLog(call: Call, body: Body): object {
  const seq = seqOf(call, requiredText(body, "task"));
  const threshold = numberOf(body, "threshold_sec");
  const before = threshold === undefined ? Number.MAX_SAFE_INTEGER : call.nowMs - threshold * 1000;
  return { deleted: call.db.run("DELETE FROM log_events WHERE task = ? AND timestamp < ?", seq, before) };
}

const asMap = (variants: Map<string, string[]>): Document => Object.fromEntries(variants);

export const EVENT_ENDPOINTS: readonly Endpoint[] = [
  { name: "events.add_batch", mode: "write", body: "batch", handle: (call, _body, lines) => addEvents(call, lines) },
  { name: "events.add", mode: "write", body: "batch", handle: (call, _body, lines) => addEvents(call, lines) },
  read("events.get_task_log", getTaskLog),
  read("events.get_task_events", getTaskEvents),
  read("events.get_task_plots", getTaskPlots),
  read("events.get_task_single_value_metrics", getSingleValues),
  read("events.get_task_latest_scalar_values", getLatestScalars),
  read("events.debug_images", getDebugImages),
  read("events.scalar_metrics_iter_histogram", (call, body) => nested(scalarCurves(call, body))),
  read("events.multi_task_scalar_metrics_iter_histogram", compareCurves),
  read("events.get_scalar_metrics_and_variants", (call, body) => ({
    metrics: asMap(variantsByMetric(call, requiredText(body, "task"), "training_stats_scalar")),
  })),
  read("events.get_vector_metrics_and_variants", (call, body) => ({
    metrics: asMap(variantsByMetric(call, requiredText(body, "task"), "training_stats_vector")),
  })),
  read("events.get_task_metrics", (call, body) => {
    const type = textOf(body, "event_type") ?? "training_stats_scalar";
    return { metrics: requiredTextList(body, "tasks").map((task) => ({ task, metrics: [...variantsByMetric(call, task, type).keys()] })) };
  }),
  write("events.delete_for_task", (call, body) => {
    const task = requiredText(body, "task");
    seqOf(call, task);
    return { deleted: deleteEventsOf(call, task) };
  }),
  write("events.clear_task_log", clearTaskLog),
  read("events.clear_scroll", () => ({})),
];
