import { ApiFault } from "../api-fault.ts";
import { versionNumber } from "../version.ts";

/** First versions that the official server really enforces (clearml-services.md 14, clearml-tasks-events.md 9-12); all others answer from 1.0 on. */
export const FIRST_VERSION = "1.0";

const SINCE: Readonly<Record<string, readonly string[]>> = {
  "2.2": ["auth.logout"],
  "2.4": [
    ...["register", "unregister", "status_report", "get_all", "get_stats", "get_metric_keys", "get_activity_report"].map(
      (name) => `workers.${name}`,
    ),
    ...["create", "update", "delete", "get_by_id", "get_all", "get_all_ex", "get_default", "add_task", "remove_task"].map(
      (name) => `queues.${name}`,
    ),
    ...["move_task_forward", "move_task_backward", "move_task_to_front", "move_task_to_back", "get_queue_metrics"].map(
      (name) => `queues.${name}`,
    ),
  ],
  "2.8": ["projects.get_task_tags", "projects.get_model_tags"],
  "2.9": [
    "projects.get_hyper_parameters",
    ...["tasks", "models", "projects"].flatMap((service) => [`${service}.make_public`, `${service}.make_private`]),
  ],
  "2.12": ["projects.get_task_parents", "events.get_debug_image_sample", "events.next_debug_image_sample"],
  "2.13": [
    "login.logout",
    "projects.get_hyperparam_values",
    ...["models", "queues"].flatMap((service) => [`${service}.add_or_update_metadata`, `${service}.delete_metadata`]),
  ],
  "2.15": ["queues.peek_task", "queues.get_num_entries"],
  "2.16": ["events.scalar_metrics_iter_raw"],
  "2.18": ["events.clear_scroll"],
  "2.19": ["events.clear_task_log"],
};

const BY_NAME = new Map(Object.entries(SINCE).flatMap(([version, names]) => names.map((name) => [name, version] as const)));

export const sinceOf = (name: string): string => BY_NAME.get(name) ?? FIRST_VERSION;

/** Calls that tell a newer client to use another one, after their fields were looked at. */
const RETIRED: Readonly<Record<string, { readonly after: string; readonly advice: string }>> = {
  "models.update_for_task": { after: "2.13", advice: "use tasks.add_or_update_model" },
  "models.get_by_task_id": { after: "2.13", advice: "use models.get_by_id/get_all apis" },
};

/** Throws 301/1 for a call that this version has no more (clearml-services.md 3). */
export function requireInUse(name: string, version: number): void {
  const retired = RETIRED[name];
  if (retired === undefined || version <= versionNumber(retired.after)) return;
  throw new ApiFault(301, 1, `This endpoint is no longer supported for the requested API version (${retired.advice})`);
}
