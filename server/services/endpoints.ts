import type { Endpoint } from "../endpoint.ts";
import { versionNumber } from "../version.ts";
import { DOWNLOAD_ENDPOINTS } from "./downloads.ts";
import { EVENT_ENDPOINTS } from "./events.ts";
import { MODEL_ENDPOINTS } from "./models.ts";
import { ORGANIZATION_ENDPOINTS } from "./organization.ts";
import { PROJECT_USAGE_ENDPOINTS } from "./project-usages.ts";
import { PROJECT_ENDPOINTS } from "./projects.ts";
import { PUBLICITY_ENDPOINTS } from "./publicity.ts";
import { QUEUE_LIST_ENDPOINTS } from "./queue-list.ts";
import { QUEUE_METADATA_ENDPOINTS } from "./queue-metadata.ts";
import { QUEUE_ORDER_ENDPOINTS } from "./queue-order.ts";
import { QUEUE_ENDPOINTS } from "./queues.ts";
import { SERVER_ENDPOINTS } from "./server.ts";
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
import { USER_ENDPOINTS } from "./users.ts";
import { WATCHDOG_ENDPOINTS } from "./watchdog.ts";
import { WORKER_ENDPOINTS } from "./workers.ts";

/** Every endpoint that the store threads answer; a name may stand here more than once, with different versions. */
export const ALL_ENDPOINTS: readonly Endpoint[] = [
  ...SERVER_ENDPOINTS,
  ...USER_ENDPOINTS,
  ...PROJECT_ENDPOINTS,
  ...PUBLICITY_ENDPOINTS,
  ...QUEUE_ENDPOINTS,
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
  ...EVENT_ENDPOINTS,
  ...WORKER_ENDPOINTS,
  ...MODEL_ENDPOINTS,
  ...WATCHDOG_ENDPOINTS,
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
