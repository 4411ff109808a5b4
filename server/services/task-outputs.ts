import { ApiFault } from "../api-fault.ts";
import { isMap, listOf, mapOf, numberOf, requiredText, textListOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { requireTask, sortedArtifacts } from "./task-document.ts";

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
  const execution = requireWritable(call, id, ["execution"])["execution"] as Document;
  const before = Array.isArray(execution["artifacts"]) ? execution["artifacts"] : [];
  save(call, id, { execution: { ...execution, artifacts: sortedArtifacts([...before, ...(listOf(body, "artifacts") ?? [])]) } });
  return { updated: 1 };
}

function deleteArtifacts(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const execution = requireWritable(call, id, ["execution"])["execution"] as Document;
  const gone = (listOf(body, "artifacts") ?? []).filter(isMap).map((item) => `${String(item["key"])}\n${String(item["mode"] ?? "output")}`);
  const before = sortedArtifacts(Array.isArray(execution["artifacts"]) ? execution["artifacts"] : []);
  save(call, id, {
    execution: { ...execution, artifacts: before.filter((item) => !gone.includes(`${String(item["key"])}\n${String(item["mode"])}`)) },
  });
  return { deleted: 1 };
}

function addOrUpdateModel(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const [name, model, side] = [requiredText(body, "name"), requiredText(body, "model"), requiredText(body, "type")];
  const task = requireWritable(call, id, ["models", "last_iteration"]);
  const models = task["models"] as Record<string, Document[]>;
  const item = { name, model, updated: wireDate(call.nowMs) };
  const before = models[side] ?? [];
  const known = before.some((one) => one["name"] === name);
  const after = known ? before.map((one) => (one["name"] === name ? item : one)) : [...before, item];
  const iteration = Math.max(Number(task["last_iteration"] ?? 0), numberOf(body, "iteration") ?? 0);
  save(call, id, { models: { ...models, [side]: after }, last_iteration: iteration });
  return { updated: 1 };
}

function deleteModels(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const models = { ...(requireWritable(call, id, ["models"])["models"] as Record<string, Document[]>) };
  for (const item of (listOf(body, "models") ?? []).filter(isMap)) {
    const side = String(item["type"]);
    models[side] = (models[side] ?? []).filter((one) => one["name"] !== item["name"]);
  }
  save(call, id, { models });
  return { updated: 1 };
}

function editRuntime(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const runtime = { ...(requireWritable(call, id, ["runtime"])["runtime"] as Document), ...mapOf(body, "add_or_update") };
  for (const key of textListOf(body, "remove") ?? []) delete runtime[key];
  save(call, id, { runtime });
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
