import { flagOf, isMap, mapListOf, mapOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { EVENT_ENDPOINTS } from "./events.ts";
import { MODEL_ENDPOINTS } from "./models.ts";
import { carriedOut } from "./named-call.ts";
import { foldersAsked } from "./report-folders.ts";
import { TASK_ENDPOINTS } from "./tasks.ts";

/** The queries of reports: the reports themselves, and what they show of tasks and models (clearml-services.md 5). */
export function getReports(call: Call, body: Body): object {
  const folders = foldersAsked(call, body);
  if (folders?.length === 0) return { tasks: [] };
  const place = folders === undefined ? {} : { project: folders };
  const query = { ...body, ...place, include_subprojects: false, type: ["report"], search_hidden: true };
  return carriedOut(call, TASK_ENDPOINTS, "tasks.get_all_ex", query);
}

/** One query, and of what it found the events that the request names. */
export function getTaskData(call: Call, body: Body): object {
  const { tasks, ...rest } = found(call, body);
  const ids = tasks.map((task) => String(task["id"]));
  const sections = SECTIONS.flatMap(([name, read]) => {
    const asked = mapOf(body, name);
    return asked === undefined ? [] : [[name, read(eventCall(call, body), ids, asked)]];
  });
  return { tasks, ...rest, ...Object.fromEntries(sections) };
}

function found(call: Call, body: Body): { tasks: Document[] } {
  if (!flagOf(body, "model_events")) return carriedOut(call, TASK_ENDPOINTS, "tasks.get_all_ex", body) as { tasks: Document[] };
  const { models, ...rest } = carriedOut(call, MODEL_ENDPOINTS, "models.get_all_ex", body);
  return { tasks: models as Document[], ...rest };
}

type EventCall = (name: string, body: Body) => Document;
type Section = (events: EventCall, ids: string[], asked: Document) => unknown;

const eventCall =
  (call: Call, { model_events }: Body): EventCall =>
  (name, body) =>
    carriedOut(call, EVENT_ENDPOINTS, `events.${name}`, { model_events, ...body });

/** Of nothing found there is nothing to read. */
const SECTIONS: readonly (readonly [string, Section])[] = [
  [
    "debug_images",
    (events, ids, asked) => (ids.length === 0 ? [] : events("debug_images", { ...asked, metrics: imagesOf(ids, asked) })["metrics"]),
  ],
  [
    "plots",
    (events, tasks, asked) => (tasks.length === 0 ? {} : events("get_multi_task_plots", { ...asked, tasks, no_scroll: true })["plots"]),
  ],
  ["scalar_metrics_iter_histogram", (events, tasks, asked) => scalarsOf(events, tasks, asked)],
  [
    "single_value_metrics",
    (events, tasks, asked) => (tasks.length === 0 ? [] : events("get_task_single_value_metrics", { ...asked, tasks })["tasks"]),
  ],
];

function imagesOf(tasks: readonly string[], asked: Document): Document[] {
  const metrics = mapListOf(asked, "metrics") ?? [];
  return tasks.flatMap((task) => (metrics.length === 0 ? [{ task }] : metrics.map((metric) => ({ task, ...metric }))));
}

function scalarsOf(events: EventCall, tasks: string[], asked: Document): unknown {
  if (tasks.length === 0) return {};
  const curves = events("multi_task_scalar_metrics_iter_histogram", { ...asked, tasks });
  return isMap(curves["metrics"]) ? curves["metrics"] : curves;
}
