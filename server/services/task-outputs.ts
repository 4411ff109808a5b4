import { ApiFault } from "../api-fault.ts";
import { integerOf, mapListOf, mapOf, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { artifactId, artifactIn, sortedArtifacts } from "./artifacts.ts";
import { keyOf } from "./stored-values.ts";
import { writableTask } from "./task-access.ts";
import { aliveNow, changedNow, updatedNow, updateTask } from "./task-changes.ts";
import { artifactsOf, modelItem, modelsOf, SIDES } from "./task-shapes.ts";

/** What a running task writes about itself: artifacts, models, runtime (clearml-api.md 2.6, clearml-tasks-events.md 4, 5). */
const EDITABLE = ["created", "queued", "in_progress"];

/** A task that may still be written; without `force` only a draft. 400/110 names the draft's status in any case. */
export function editableTask(call: Call, id: string, fields: readonly string[], force = true): Document {
  const task = writableTask(call, id, ["status", ...fields]);
  if (!(force ? EDITABLE : ["created"]).includes(String(task["status"])))
    throw new ApiFault(400, 110, "Invalid task status", { expected: "created", status: task["status"] });
  return task;
}

function saveArtifacts(call: Call, task: Document, artifacts: readonly Document[]): void {
  const execution = { ...(task["execution"] as object), artifacts: sortedArtifacts(artifacts) };
  updateTask(call, String(task["id"]), { execution, ...updatedNow(call) });
}

function addOrUpdateArtifacts(call: Call, body: Body): object {
  const given = (mapListOf(body, "artifacts") ?? []).map(artifactIn);
  const task = editableTask(call, requiredText(body, "task"), ["execution"]);
  saveArtifacts(call, task, [...artifactsOf(task), ...given]);
  return { updated: 1 };
}

function deleteArtifacts(call: Call, body: Body): object {
  const task = editableTask(call, requiredText(body, "task"), ["execution"]);
  const gone = new Set((mapListOf(body, "artifacts") ?? []).map(artifactId));
  saveArtifacts(
    call,
    task,
    artifactsOf(task).filter((item) => !gone.has(artifactId(item))),
  );
  return { deleted: 1 };
}

/** The model of that name is replaced in its place, else appended; nobody asks whether there is such a model. */
function addOrUpdateModel(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const [item, side] = [modelItem(call, requiredText(body, "name"), requiredText(body, "model")), requiredText(body, "type")];
  const task = editableTask(call, id, ["models", "last_iteration", "started"]);
  const before = modelsOf(task, side);
  const known = before.some((one) => one["name"] === item["name"]);
  const after = known ? before.map((one) => (one["name"] === item["name"] ? item : one)) : [...before, item];
  const iteration = Math.max(Number(task["last_iteration"] ?? 0), integerOf(body, "iteration") ?? Number.NEGATIVE_INFINITY);
  updateTask(call, id, { models: { ...(task["models"] as object), [side]: after }, last_iteration: iteration, ...aliveNow(call, task) });
  return { updated: 1 };
}

function deleteModels(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = editableTask(call, id, ["models"]);
  const gone = (mapListOf(body, "models") ?? []).map((item) => ({ side: item["type"], name: item["name"] }));
  const left = SIDES.map((side) => [
    side,
    modelsOf(task, side).filter((one) => !gone.some((item) => item.side === side && item.name === one["name"])),
  ]);
  updateTask(call, id, { models: Object.fromEntries(left), ...changedNow(call) });
  return { updated: 1 };
}

/** Keys are stored escaped and shown as they are stored, so that `edit` and this call do not reach each other's odd keys. */
function escapedKey(name: string): string {
  return keyOf(name).replaceAll("%", "%25").replaceAll("$", "%24").replaceAll(".", "%2E").replaceAll("__", "%_%_");
}

function editRuntime(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = editableTask(call, id, ["runtime"]);
  const added = Object.entries(mapOf(body, "add_or_update") ?? {}).map(([name, value]) => [escapedKey(name), value] as const);
  const gone = new Set((textListOf(body, "remove") ?? []).map(escapedKey));
  const both = added.find(([name]) => gone.has(name));
  if (both !== undefined) throw new ApiFault(500, 0, `General server error (runtime.${both[0]} is set and removed)`);
  if (added.length === 0 && gone.size === 0) return { updated: 0 };
  const kept = Object.entries(task["runtime"] as object).filter(([name]) => !gone.has(name));
  updateTask(call, id, { runtime: Object.fromEntries([...kept, ...added]), ...updatedNow(call) });
  call.effects.tasks.add(id);
  return { updated: 1 };
}

export const TASK_OUTPUT_ENDPOINTS: readonly Endpoint[] = [
  write("tasks.add_or_update_artifacts", addOrUpdateArtifacts),
  write("tasks.delete_artifacts", deleteArtifacts),
  write("tasks.add_or_update_model", addOrUpdateModel),
  write("tasks.delete_models", deleteModels),
  write("tasks.edit_runtime", editRuntime),
];
