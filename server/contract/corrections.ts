import type { FieldSpecs } from "./official.ts";

/**
 * What the official list does not say, or says otherwise than its server does (clearml-services.md 1.1, clearml-tasks-events.md 1):
 * which calls look at types, which fields are really needed, bounds, and the class names of the refusals.
 */

const QUERY_SWITCHES: FieldSpecs = { allow_public: "boolean", search_hidden: "boolean" };
const UPDATE: FieldSpecs = { "task*": "string", force: "boolean", status_reason: "string", status_message: "string" };
const VISIBILITY = "class entityvisibility(active|archived|hidden)";
const RANGE: FieldSpecs = { "from_date*": "number(0..)", "to_date*": "number(0..)", "interval*": "integer(1..)" };
const OF_PROJECTS: FieldSpecs = { projects: "string?[]", include_subprojects: "boolean" };
const TYPED_TASK: FieldSpecs = {
  "name*": "string",
  "type*": "enum(training|testing|inference|data_processing|application|monitor|controller|report|optimizer|service|qc|custom)",
};

/** Calls of which only these fields are typed: the rest of the body is the handler's own business. */
export const PARTLY_TYPED: Readonly<Record<string, FieldSpecs>> = {
  "events.add": {},
  "users.get_all": {},
  "users.get_all_ex": {},
  "tasks.get_all": QUERY_SWITCHES,
  "tasks.get_all_ex": QUERY_SWITCHES,
  "tasks.create": TYPED_TASK,
  "tasks.validate": TYPED_TASK,
  "tasks.edit": UPDATE,
  "tasks.update": UPDATE,
  "models.get_all": {},
  "models.get_all_ex": { include_stats: "boolean", allow_public: "boolean" },
  "models.edit": { "model*": "string", task: "string", iteration: "integer" },
  "models.update": { "model*": "string", task: "string", iteration: "integer" },
  "projects.update": { "project*": "string" },
  "projects.get_all": {},
  "projects.get_all_ex": {
    ...QUERY_SWITCHES,
    include_dataset_stats: "boolean",
    include_stats: "boolean",
    include_stats_filter: "object",
    stats_with_children: "boolean",
    stats_for_state: VISIBILITY,
    non_public: "boolean",
    active_users: "string[]",
    check_own_contents: "boolean",
    shallow_search: "boolean",
    children_type: "class projectchildrentype(pipeline|report|dataset)",
    children_tags: "string[]",
    children_tags_filter: "object",
  },
  "queues.get_all": { max_task_entries: "integer", search_hidden: "boolean" },
  "queues.get_all_ex": { max_task_entries: "integer", search_hidden: "boolean" },
  "reports.get_all_ex": { allow_public: "boolean" },
  "reports.get_task_data": {
    ...QUERY_SWITCHES,
    model_events: "boolean",
    plots: "report_events",
    debug_images: "report_events",
    scalar_metrics_iter_histogram: "report_scalars",
    single_value_metrics: "object",
  },
  "users.update": { "user*": "string" },
};

/** The oldest calls look only whether these fields are there, and say it in their own way (400/11). */
export const OLD_STYLE: Readonly<Record<string, readonly string[]>> = {
  "projects.create": ["name"],
  "models.get_by_id_ex": ["id"],
  "tasks.get_by_id_ex": ["id"],
};

/** Calls with a JSON schema before the types: what is missing is said in its words. */
export const SCHEMA_CHECKED: ReadonlySet<string> = new Set(["workers.get_stats", "workers.get_metric_keys", "workers.get_activity_report"]);

/** Fields that may be absent, and of which a null gets as far as the official server's work and fails there (500/0). */
export const NULL_FAILS: Readonly<Record<string, string>> = {
  "events.scalar_metrics_iter_histogram": "key",
  "events.multi_task_scalar_metrics_iter_histogram": "key",
  "events.scalar_metrics_iter_raw": "key",
};

/** Fields to put in the place of the official list's; undefined: no such field. */
export const FIELD_CORRECTIONS: Readonly<Record<string, FieldSpecs>> = {
  "auth.login": { expiration_sec: "integer(..31536000)" },
  "auth.edit_user": { "user*": "string" },
  "auth.revoke_credentials": { "access_key*": "string" },
  "events.debug_images": { iters: "integer(1..)" },
  "events.plots": { iters: "integer(1..)" },
  "events.get_task_metrics": { "event_type*": "event_type_enum" },
  "events.get_task_events": { event_type: "event_type_enum", order: "log_order", count_total: "boolean" },
  "events.get_task_log": { order: "log_order", from: "any", metrics: "metric_variants[]", from_timestamp: "integer" },
  "events.download_task_log": { line_type: "any", line_format: "any" },
  "events.scalar_metrics_iter_histogram": { samples: "integer(1..6000)" },
  "events.multi_task_scalar_metrics_iter_histogram": { samples: "integer(1..6000)", "tasks*": "string[](1..100)" },
  "events.get_scalar_metric_data": { "task*": "string", "metric*": "string" },
  "events.next_debug_image_sample": { scroll_id: "string" },
  "events.next_plot_sample": { scroll_id: "string", navigate_current_metric: "boolean" },
  "events.clear_scroll": { scroll_id: "string" },
  "models.create": { labels: "labels", metadata: { "<key>": "metadata_item" }, ui_cache: "object" },
  "models.make_public": { "ids*": "string[]" },
  "models.make_private": { "ids*": "string[]" },
  "models.update_tags": { "ids*": "string[]" },
  "models.delete": { delete_external_artifacts: "boolean" },
  "models.delete_many": { delete_external_artifacts: "boolean" },
  "models.publish_many": { publish_task: "boolean" },
  "organization.prepare_download_for_get_all": { entity_type: "class entitytype(task|model)" },
  "pipelines.start_pipeline": { "queue*": "string", args: "pipeline_argument[]" },
  "projects.get_hyper_parameters": { project: "string" },
  "projects.get_model_metadata_keys": { project: "string" },
  "projects.get_hyperparam_values": OF_PROJECTS,
  "projects.get_model_metadata_values": OF_PROJECTS,
  "projects.get_task_parents": { ...OF_PROJECTS, tasks_state: VISIBILITY },
  "projects.get_user_names": { ...OF_PROJECTS, entity: "class entitytypeenum(task|model)" },
  "projects.make_public": { "ids*": "string[]" },
  "projects.make_private": { "ids*": "string[]" },
  "queues.get_queue_metrics": RANGE,
  "reports.create": { "name*": "string(3..)" },
  "reports.update": { name: "string(3..)" },
  "reports.publish": { message: "string" },
  "reports.archive": { message: "string" },
  "reports.unarchive": { message: "string" },
  "serving.register_container": { timeout: "integer(1..)" },
  "serving.get_endpoint_metrics_history": {
    ...RANGE,
    metric_type:
      "class metrictype(requests|requests_min|latency_ms|cpu_count|gpu_count|cpu_util|gpu_util|ram_total|ram_used|ram_free|gpu_ram_total|gpu_ram_used|gpu_ram_free|network_rx|network_tx)",
  },
  "tasks.clone": {
    new_task_hyperparams: "object",
    new_task_configuration: "object",
    new_task_container: "object",
    execution_overrides: "object",
  },
  "tasks.edit_runtime": { add_or_update: "object" },
  "tasks.enqueue": { force: "boolean" },
  "tasks.dequeue": { force: "boolean" },
  "tasks.make_public": { "ids*": "string[]" },
  "tasks.make_private": { "ids*": "string[]" },
  "tasks.update_tags": { "ids*": "string[]" },
  "tasks.delete_models": { "models*": "model_item_key[]" },
  "workers.get_stats": RANGE,
  "workers.get_activity_report": RANGE,
};

export const TYPE_CORRECTIONS: FieldSpecs = {
  event_type_enum: "class eventtype(training_stats_scalar|training_stats_vector|training_debug_image|plot|log|*)",
  scalar_key_enum: "class scalarkeyenum(iter|timestamp|iso_time)",
  log_order: "class logorderenum(asc|desc)",
  labels: { "<key>": "string|integer" },
  artifact_id: { "key*": "string", mode: "artifact_mode_enum" },
  metadata_item: { "key*": "string", "type*": "string", "value*": "string" },
  metric_variants: { "metric*": "string", variants: "string[]" },
  params_item: { "section*": "string(1..)", "name*": "string(1..)", "value*": "string", type: "string", description: "string" },
  param_key: { "section*": "string(1..)", name: "string" },
  configuration_item: { "name*": "string(1..)", "value*": "string", type: "string", description: "string" },
  task_model_item: { name: "string", model: "string" },
  model_item_key: { "name*": "string", "type*": "model_type_enum" },
  pipeline_argument: { "name*": "string", "value*": "string" },
  value_mapping: { "key*": "any", "value*": "any" },
  stat_item: { "key*": "string", aggregation: "aggregation_type" },
  report_events: { iters: "integer(1..)", metrics: "metric_variants[]", last_iters_per_task_metric: "boolean" },
  report_scalars: { samples: "integer(1..6000)", key: "scalar_key_enum", metrics: "metric_variants[]" },
};

/** Names of classes in refusals that are not the official list's names without their underscores. */
export const CLASS_NAMES: Readonly<Record<string, string>> = {
  params_item: "hyperparamitem",
  param_key: "hyperparamkey",
  configuration_item: "configuration",
  task_metric_variants: "taskmetric",
  task_model_item: "taskinputmodel",
  pipeline_argument: "arg",
};
