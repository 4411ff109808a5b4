import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";

/**
 * A token that is limited to its own task (`Caller.onlyTask`): of tasks and their events it reaches that one only; of the rest
 * it may read, and write the models of its task. The one place where the limit is kept.
 */
export function requireOwnTask(call: Call, endpoint: string, mode: "read" | "write", bodies: readonly Body[]): void {
  const own = call.caller.onlyTask;
  if (own === undefined || endpoint === "debug.ping") return;
  const [service = ""] = endpoint.split(".");
  const isAllowed =
    service === "tasks" || service === "events"
      ? bodies.length > 0 && bodies.every((body) => namesOnly(body, service, own))
      : service === "models"
        ? mode === "read" || bodies.every((body) => isModelOf(call, body, own))
        : mode === "read";
  if (!isAllowed) throw new ApiFault(403, 20, "Role not allowed (this token is limited to its own task)", { endpoint, task: own });
}

/** The fields in which calls name tasks; at least one names the own one, and none another. */
function namesOnly(body: Body, service: string, own: string): boolean {
  const lists = service === "tasks" ? ["task", "tasks", "ids", "id"] : ["task", "tasks", "metrics"];
  const named = lists.flatMap((name) => idsIn(body[name], service === "events"));
  return named.length > 0 && named.every((id) => id === own);
}

/** Ids as text, list of texts, or (in events) list of `{task}`. */
function idsIn(value: unknown, ofEvents: boolean): unknown[] {
  if (value === undefined || value === null) return [];
  const items = Array.isArray(value) ? value : [value];
  if (!ofEvents) return items;
  return items.flatMap((item) => (isMap(item) ? (item["task"] === undefined ? [] : [item["task"]]) : [item]));
}

function isModelOf(call: Call, body: Body, own: string): boolean {
  const task = body["task"];
  if (task !== undefined && task !== null && task !== own) return false;
  const model = body["model"];
  if (typeof model !== "string") return task === own;
  return call.db.get("SELECT 1 FROM models WHERE id = ? AND task = ?", model, own) !== undefined;
}
