import { type Endpoint, read } from "../endpoint.ts";
import { EVENT_REMOVAL_ENDPOINTS } from "./event-removal.ts";
import { SAMPLE_ENDPOINTS } from "./event-samples.ts";
import { SCROLL_ENDPOINTS } from "./event-scrolls.ts";
import { EVENT_SWEEPING_ENDPOINTS } from "./event-sweeping.ts";
import { EVENT_WRITING_ENDPOINTS } from "./event-writing.ts";
import { iterationPages, oldDebugImages } from "./iteration-pages.ts";
import { downloadTaskLog } from "./log-download.ts";
import { getMultiTaskMetrics, getTaskMetrics, metricsAndVariants } from "./metric-names.ts";
import { getOldTaskLog } from "./old-task-log.ts";
import { compareHistograms, scalarHistogram } from "./scalar-histogram.ts";
import { scalarMetricData, scalarsRaw } from "./scalar-points.ts";
import { getLatestScalars, getSingleValues } from "./scalar-values.ts";
import { getTaskEvents } from "./task-events.ts";
import { getTaskLog } from "./task-log.ts";
import { getMultiTaskPlots, getTaskPlots } from "./task-plots.ts";
import { vectorHistogram } from "./vectors.ts";

/** `events.*` (clearml-api.md 7, clearml-tasks-events.md 8 to 13). */
export const EVENT_ENDPOINTS: readonly Endpoint[] = [
  ...EVENT_WRITING_ENDPOINTS,
  ...EVENT_REMOVAL_ENDPOINTS,
  ...EVENT_SWEEPING_ENDPOINTS,
  ...SCROLL_ENDPOINTS,
  ...SAMPLE_ENDPOINTS,
  { ...read("events.get_task_log", getTaskLog), since: "2.9" },
  { ...read("events.get_task_log", getOldTaskLog), since: "1.5" },
  read("events.download_task_log", downloadTaskLog),
  read("events.get_task_events", getTaskEvents),
  read("events.get_task_plots", getTaskPlots),
  read("events.get_multi_task_plots", getMultiTaskPlots),
  { ...read("events.debug_images", iterationPages("training_debug_image")), since: "2.7" },
  { ...read("events.debug_images", oldDebugImages), since: "1.8" },
  read("events.plots", iterationPages("plot")),
  read("events.get_task_metrics", getTaskMetrics),
  read("events.get_multi_task_metrics", getMultiTaskMetrics),
  read("events.get_scalar_metrics_and_variants", metricsAndVariants("training_stats_scalar")),
  read("events.get_vector_metrics_and_variants", metricsAndVariants("training_stats_vector")),
  read("events.vector_metrics_iter_histogram", vectorHistogram),
  read("events.scalar_metrics_iter_histogram", scalarHistogram),
  read("events.multi_task_scalar_metrics_iter_histogram", compareHistograms),
  read("events.scalar_metrics_iter_raw", scalarsRaw),
  read("events.get_scalar_metric_data", scalarMetricData),
  read("events.get_task_single_value_metrics", getSingleValues),
  read("events.get_task_latest_scalar_values", getLatestScalars),
  read("events.clear_scroll", () => ({})),
];
