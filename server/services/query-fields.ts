import { MODEL, PROJECT, QUEUE, TASK, USER } from "../store/kinds.ts";
import type { FilterTable } from "../store/query.ts";
import type { Listing } from "./get-all.ts";

/** By what each kind of document is filtered (clearml-api.md 4.3), and whose documents a caller sees. */
export const TASK_FILTERS: FilterTable = {
  lists: [
    "id",
    "user",
    "tags",
    "system_tags",
    "type",
    "status",
    "project",
    "parent",
    "hyperparams.",
    "execution.queue",
    "models.input.model",
  ],
  patterns: ["name", "comment", "report"],
  ranges: ["created", "started", "active_duration", "last_metrics.", "last_iteration"],
  dates: ["status_changed", "last_update", "last_change"],
  equals: ["runtime."],
};

const MODEL_FILTERS: FilterTable = {
  lists: ["id", "user", "tags", "system_tags", "framework", "uri", "project", "task", "parent", "metadata."],
  patterns: ["name", "comment"],
  ranges: ["created", "last_metrics.", "last_iteration"],
  dates: ["last_update", "last_change"],
  equals: ["ready"],
};

const PROJECT_FILTERS: FilterTable = {
  lists: ["id", "tags", "system_tags"],
  patterns: ["name", "basename", "description"],
  ranges: ["last_update"],
  dates: [],
  equals: [],
};

const QUEUE_FILTERS: FilterTable = {
  lists: ["id", "tags", "system_tags", "metadata."],
  patterns: ["name"],
  ranges: [],
  dates: [],
  equals: [],
};
const USER_FILTERS: FilterTable = { lists: ["id"], patterns: ["name"], ranges: [], dates: [], equals: [] };

export const TASKS: Listing = { kind: TASK, filters: TASK_FILTERS, hasPublic: true };
export const MODELS: Listing = { kind: MODEL, filters: MODEL_FILTERS, hasPublic: true };
/** A project's `parent` is no plain list: projects.ts turns it into conditions of its own. */
export const PROJECTS: Listing = { kind: PROJECT, filters: PROJECT_FILTERS, hasPublic: true };
export const QUEUES: Listing = { kind: QUEUE, filters: QUEUE_FILTERS, hasPublic: false };
export const USERS: Listing = { kind: USER, filters: USER_FILTERS, hasPublic: false };
