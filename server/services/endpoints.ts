import type { Endpoint } from "../endpoint.ts";
import { versionNumber } from "../version.ts";
import { ACCOUNT_ENDPOINTS } from "./accounts.ts";
import { CREDENTIAL_ENDPOINTS } from "./credentials.ts";
import { DOOMED_FILE_ENDPOINTS } from "./doomed-files.ts";
import { DOWNLOAD_ENDPOINTS } from "./downloads.ts";
import { EVENT_ENDPOINTS } from "./events.ts";
import { MODEL_ENDPOINTS } from "./models.ts";
import { ORGANIZATION_ENDPOINTS } from "./organization.ts";
import { PIPELINE_ENDPOINTS } from "./pipelines.ts";
import { PREFERENCE_ENDPOINTS } from "./preferences.ts";
import { PROJECT_FILTER_LIST_ENDPOINTS } from "./project-filter-lists.ts";
import { PROJECT_LIST_ENDPOINTS } from "./project-lists.ts";
import { PROJECT_MOVE_ENDPOINTS } from "./project-moves.ts";
import { PROJECT_QUERY_ENDPOINTS } from "./project-queries.ts";
import { PROJECT_REMOVAL_ENDPOINTS } from "./project-removal.ts";
import { PROJECT_USAGE_ENDPOINTS } from "./project-usages.ts";
import { PROJECT_ENDPOINTS } from "./projects.ts";
import { PUBLICITY_ENDPOINTS } from "./publicity.ts";
import { QUEUE_LIST_ENDPOINTS } from "./queue-list.ts";
import { QUEUE_METADATA_ENDPOINTS } from "./queue-metadata.ts";
import { QUEUE_METRICS_ENDPOINTS } from "./queue-metrics.ts";
import { QUEUE_ORDER_ENDPOINTS } from "./queue-order.ts";
import { QUEUE_TASK_ENDPOINTS } from "./queue-tasks.ts";
import { QUEUE_ENDPOINTS } from "./queues.ts";
import { REPORT_ENDPOINTS } from "./reports.ts";
import { SERVER_ENDPOINTS } from "./server.ts";
import { SERVING_ENDPOINTS } from "./serving.ts";
import { SERVING_FIGURE_ENDPOINTS } from "./serving-figures.ts";
import { SESSION_ENDPOINTS } from "./sessions.ts";
import { STORAGE_ENDPOINTS } from "./storage.ts";
import { TASK_ARCHIVE_ENDPOINTS } from "./task-archive.ts";
import { TASK_CLONE_ENDPOINTS } from "./task-clone.ts";
import { TASK_EDITING_ENDPOINTS } from "./task-editing.ts";
import { TASK_GROUP_ENDPOINTS } from "./task-groups.ts";
import { TASK_LIFE_ENDPOINTS } from "./task-life.ts";
import { TASK_OUTPUT_ENDPOINTS } from "./task-outputs.ts";
import { TASK_PARAMETER_ENDPOINTS } from "./task-parameters.ts";
import { TASK_QUEUEING_ENDPOINTS } from "./task-queueing.ts";
import { TASK_REMOVAL_ENDPOINTS } from "./task-removal.ts";
import { TASK_ENDPOINTS } from "./tasks.ts";
import { THINNING_ENDPOINTS } from "./thinning.ts";
import { USER_ENDPOINTS } from "./users.ts";
import { WATCHDOG_ENDPOINTS } from "./watchdog.ts";
import { WORKER_LIST_ENDPOINTS } from "./worker-list.ts";
import { WORKER_STATS_ENDPOINTS } from "./worker-stats.ts";
import { WORKER_ENDPOINTS } from "./workers.ts";

/** Every endpoint that the store threads answer; a name may stand here more than once, with different versions. */
export const ALL_ENDPOINTS: readonly Endpoint[] = [
  ...SERVER_ENDPOINTS,
  ...USER_ENDPOINTS,
  ...PREFERENCE_ENDPOINTS,
  ...ACCOUNT_ENDPOINTS,
  ...CREDENTIAL_ENDPOINTS,
  ...SESSION_ENDPOINTS,
  ...STORAGE_ENDPOINTS,
  ...SERVING_ENDPOINTS,
  ...SERVING_FIGURE_ENDPOINTS,
  ...PROJECT_ENDPOINTS,
  ...PROJECT_QUERY_ENDPOINTS,
  ...PROJECT_LIST_ENDPOINTS,
  ...PROJECT_FILTER_LIST_ENDPOINTS,
  ...PROJECT_MOVE_ENDPOINTS,
  ...PROJECT_REMOVAL_ENDPOINTS,
  ...REPORT_ENDPOINTS,
  ...PIPELINE_ENDPOINTS,
  ...PUBLICITY_ENDPOINTS,
  ...QUEUE_ENDPOINTS,
  ...QUEUE_TASK_ENDPOINTS,
  ...QUEUE_METRICS_ENDPOINTS,
  ...TASK_ENDPOINTS,
  ...TASK_PARAMETER_ENDPOINTS,
  ...TASK_OUTPUT_ENDPOINTS,
  ...TASK_EDITING_ENDPOINTS,
  ...TASK_GROUP_ENDPOINTS,
  ...TASK_LIFE_ENDPOINTS,
  ...TASK_QUEUEING_ENDPOINTS,
  ...TASK_ARCHIVE_ENDPOINTS,
  ...TASK_REMOVAL_ENDPOINTS,
  ...TASK_CLONE_ENDPOINTS,
  ...QUEUE_METADATA_ENDPOINTS,
  ...QUEUE_LIST_ENDPOINTS,
  ...QUEUE_ORDER_ENDPOINTS,
  ...DOOMED_FILE_ENDPOINTS,
  ...EVENT_ENDPOINTS,
  ...WORKER_ENDPOINTS,
  ...WORKER_LIST_ENDPOINTS,
  ...WORKER_STATS_ENDPOINTS,
  ...MODEL_ENDPOINTS,
  ...WATCHDOG_ENDPOINTS,
  ...THINNING_ENDPOINTS,
  ...ORGANIZATION_ENDPOINTS,
  ...DOWNLOAD_ENDPOINTS,
  ...PROJECT_USAGE_ENDPOINTS,
];

/** The newest of each name. */
export const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map(
  ALL_ENDPOINTS.toSorted((a, b) => versionNumber(a.since ?? "1.0") - versionNumber(b.since ?? "1.0")).map((endpoint) => [
    endpoint.name,
    endpoint,
  ]),
);
