import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";

/** The calls about its task that a run needs, by the field that names the task: none that makes, enqueues or lists others. */
const OF_A_TASK: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    ...["get_by_id", "edit", "update", "edit_runtime", "edit_hyper_params", "delete_hyper_params", "edit_configuration"],
    ...["delete_configuration", "set_requirements", "add_or_update_artifacts", "delete_artifacts", "add_or_update_model"],
    ...["delete_models", "ping", "started", "stop", "stopped", "completed", "failed", "close"],
  ].map((name) => [`tasks.${name}`, "task"]),
  ...["get_hyper_params", "get_configurations", "get_configuration_names"].map((name) => [`tasks.${name}`, "tasks"]),
  ["tasks.update_tags", "ids"],
  ...["get_all", "get_all_ex", "get_by_id_ex"].map((name) => [`tasks.${name}`, "id"]),
]);

/** Of projects: not the lists that are made from their tasks. */
const WITHOUT_TASKS = new Set(["projects.get_by_id", "projects.get_all", "projects.get_all_ex"]);

/**
 * A token that is limited to its own task (`Caller.onlyTask`): of tasks and their events it reaches that one only; of the rest
 * it may read, and write the models of its task. The one place where the limit is kept.
 */
export function requireOwnTask(call: Call, endpoint: string, mode: "read" | "write", bodies: readonly Body[]): void {
  const own = call.caller.onlyTask;
  if (own === undefined || endpoint === "debug.ping" || bodies.every((body) => isAllowed(call, endpoint, mode, body, own))) return;
  throw new ApiFault(403, 20, "Role not allowed (this token is limited to its own task)", { endpoint, task: own });
}

function isAllowed(call: Call, endpoint: string, mode: "read" | "write", body: Body, own: string): boolean {
  const [service = ""] = endpoint.split(".");
  if (service === "projects") return WITHOUT_TASKS.has(endpoint);
  if (["reports", "pipelines", "organization"].includes(service)) return false;
  if (service === "models") return mode === "read" || isModelOf(call, body, own);
  if (service === "events")
    return (
      (body["model"] ?? undefined) === undefined &&
      isOnly(own, [...idsIn(body["task"], true), ...idsIn(body["tasks"], true), ...idsIn(body["metrics"], true)])
    );
  if (service !== "tasks") return mode === "read";
  const field = OF_A_TASK[endpoint];
  return field !== undefined && isOnly(own, idsIn(body[field], false));
}

const isOnly = (own: string, named: readonly unknown[]): boolean => named.length > 0 && named.every((id) => id === own);

/** Ids as text, list of texts, or (in events) list of `{task}`. */
function idsIn(value: unknown, ofEvents: boolean): unknown[] {
  if (value === undefined || value === null) return [];
  const items = Array.isArray(value) ? value : [value];
  if (!ofEvents) return items;
  return items.flatMap((item) => (isMap(item) ? (item["task"] === undefined ? [] : [item["task"]]) : [item]));
}

function isModelOf(call: Call, body: Body, own: string): boolean {
  if (body["ids"] !== undefined) return false;
  const task = body["task"];
  if (task !== undefined && task !== null && task !== own) return false;
  const model = body["model"];
  if (typeof model !== "string") return task === own;
  return call.db.get("SELECT 1 FROM models WHERE id = ? AND task = ?", model, own) !== undefined;
}
