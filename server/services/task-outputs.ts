import { ApiFault, wrongType } from "../api-fault.ts";
import { integerOf, mapListOf, mapOf, requiredText, textListOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { requireTask } from "./task-document.ts";
import { artifactsOf, modelsOf, SIDES, sortedArtifacts } from "./task-shapes.ts";

/** What a running task writes about itself: artifacts, models, runtime (clearml-api.md 2.6). */
const WRITABLE = ["created", "queued", "in_progress"];

function requireWritable(call: Call, id: string, fields: readonly string[]): Document {
  const task = requireTask(call, id, ["status", ...fields]);
  if (!WRITABLE.includes(String(task["status"])))
    throw new ApiFault(400, 110, "Invalid task status", { expected: WRITABLE.join("|"), status: task["status"] });
  return task;
}

function save(call: Call, id: string, fields: Document): void {
  const now = wireDate(call.nowMs);
  updateDocument(call.db, TASK, id, { ...fields, last_update: now, last_change: now, last_changed_by: call.caller.user });
}

function addOrUpdateArtifacts(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireWritable(call, id, ["execution"]);
  const artifacts = sortedArtifacts([...artifactsOf(task), ...(mapListOf(body, "artifacts") ?? [])]);
  save(call, id, { execution: { ...(task["execution"] as object), artifacts } });
  return { updated: 1 };
}

function deleteArtifacts(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireWritable(call, id, ["execution"]);
  const identity = (item: Document): string => `${String(item["key"])}\n${String(item["mode"] ?? "output")}`;
  const gone = new Set((mapListOf(body, "artifacts") ?? []).map(identity));
  const artifacts = sortedArtifacts(artifactsOf(task)).filter((item) => !gone.has(identity(item)));
  save(call, id, { execution: { ...(task["execution"] as object), artifacts } });
  return { deleted: 1 };
}

function sideOf(body: Body): string {
  const side = requiredText(body, "type");
  if (!SIDES.some((known) => known === side)) throw wrongType("type", "input or output");
  return side;
}

function addOrUpdateModel(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const [name, model, side] = [requiredText(body, "name"), requiredText(body, "model"), sideOf(body)];
  const task = requireWritable(call, id, ["models", "last_iteration"]);
  const item = { name, model, updated: wireDate(call.nowMs) };
  const before = modelsOf(task, side);
  const known = before.some((one) => one["name"] === name);
  const after = known ? before.map((one) => (one["name"] === name ? item : one)) : [...before, item];
  const iteration = Math.max(Number(task["last_iteration"] ?? 0), integerOf(body, "iteration") ?? 0);
  save(call, id, { models: { ...(task["models"] as object), [side]: after }, last_iteration: iteration });
  return { updated: 1 };
}

function deleteModels(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireWritable(call, id, ["models"]);
  const gone = (mapListOf(body, "models") ?? []).map((item) => ({ side: sideOf(item), name: item["name"] }));
  const left = SIDES.map((side) => [
    side,
    modelsOf(task, side).filter((one) => !gone.some((item) => item.side === side && item.name === one["name"])),
  ]);
  save(call, id, { models: Object.fromEntries(left) });
  return { updated: 1 };
}

function editRuntime(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const before = Object.entries({ ...(requireWritable(call, id, ["runtime"])["runtime"] as object), ...mapOf(body, "add_or_update") });
  const gone = new Set(textListOf(body, "remove") ?? []);
  save(call, id, { runtime: Object.fromEntries(before.filter(([key]) => !gone.has(key))) });
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
