import { flag, hidden, integer, type Kind, kindOf, list, map, subDocument, text, value } from "./documents.ts";

const TASK_REFERENCES = {
  company: "companies",
  user: "users",
  project: "projects",
  parent: "tasks",
  "execution.queue": "queues",
  "models.input.model": "models",
  "models.output.model": "models",
};
const MODEL_REFERENCES = { company: "companies", user: "users", project: "projects", task: "tasks", parent: "models" };
const PROJECT_REFERENCES = { company: "companies", user: "users", parent: "projects" };
const QUEUE_REFERENCES = { company: "companies", user: "users" };
const USER_REFERENCES = { company: "companies" };

/** The documents of the server (clearml-api.md 2.2, 4.2, 5), field by field, as they stand in `schema.ts`. */
export const TASK: Kind = kindOf("tasks", "Task", TASK_REFERENCES, {
  id: text,
  name: text,
  type: text,
  status: text,
  status_reason: text,
  status_message: text,
  status_changed: text,
  comment: text,
  user: text,
  company: text,
  created: text,
  started: text,
  completed: text,
  published: text,
  active_duration: integer,
  parent: text,
  project: text,
  tags: list,
  system_tags: list,
  last_update: text,
  last_change: text,
  last_changed_by: text,
  last_worker: text,
  last_worker_report: text,
  last_iteration: integer,
  enqueue_status: hidden(text),
  report: text,
  report_assets: list,
  output: subDocument("destination", "error", "result", "model"),
  execution: subDocument(
    "queue",
    "parameters",
    "model_desc",
    "model_labels",
    "framework",
    "artifacts",
    "test_split",
    "model",
    "docker_cmd",
  ),
  script: subDocument("binary", "repository", "tag", "branch", "version_num", "entry_point", "working_dir", "requirements", "diff"),
  models: { ...subDocument("input", "output"), holdsLists: true },
  hyperparams: map,
  configuration: map,
  runtime: map,
  container: map,
  last_metrics: map,
  metric_stats: map,
  company_origin: hidden(text),
  unique_metrics: hidden(list),
});

export const PROJECT: Kind = kindOf("projects", "Project", PROJECT_REFERENCES, {
  id: text,
  name: text,
  basename: text,
  description: text,
  user: text,
  company: text,
  created: text,
  tags: list,
  system_tags: list,
  default_output_destination: text,
  last_update: text,
  featured: integer,
  parent: text,
  logo_url: { ...text, sql: "NULL" },
  logo_blob: hidden({ ...text, sql: "NULL" }),
  path: hidden(list),
  company_origin: hidden(text),
});

export const MODEL: Kind = kindOf("models", "Model", MODEL_REFERENCES, {
  id: text,
  name: text,
  user: text,
  company: text,
  created: text,
  parent: text,
  project: text,
  task: text,
  comment: text,
  tags: list,
  system_tags: list,
  uri: text,
  framework: text,
  design: map,
  labels: map,
  ready: flag,
  last_update: text,
  last_change: text,
  last_changed_by: text,
  metadata: map,
  last_iteration: integer,
  last_metrics: map,
  metric_stats: hidden(map),
  unique_metrics: hidden(list),
  ui_cache: hidden(map),
  company_origin: hidden(text),
});

const ENTRIES_OF_QUEUE =
  "(SELECT json_group_array(json_object('task', task, 'added', added)) FROM queue_entries WHERE queue_entries.queue = queues.id)";

export const QUEUE: Kind = kindOf("queues", "Queue", QUEUE_REFERENCES, {
  id: text,
  name: text,
  display_name: text,
  user: hidden(text),
  company: text,
  created: text,
  tags: list,
  system_tags: list,
  last_update: text,
  metadata: map,
  resources: value,
  entries: { ...list, inside: ["task", "added"], sql: ENTRIES_OF_QUEUE },
});

export const USER: Kind = kindOf("users", "User", USER_REFERENCES, {
  id: text,
  name: text,
  given_name: text,
  family_name: text,
  email: hidden(text),
  company: text,
  role: hidden(text),
  created: text,
  avatar: text,
  preferences: hidden(map),
});

/** An open server has one company, and keeps no table of it. */
export const COMPANY_KIND: Kind = kindOf("companies", "Company", {}, { id: text, name: text });

export const KINDS: ReadonlyMap<string, Kind> = new Map(
  [TASK, PROJECT, MODEL, QUEUE, USER, COMPANY_KIND].map((kind) => [kind.table, kind]),
);
