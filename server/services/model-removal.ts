import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { doomFiles } from "./doomed-files.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { ownModel } from "./model-access.ts";
import { manyModels } from "./model-groups.ts";
import { changedNow } from "./task-changes.ts";
import { DELETED } from "./task-references.ts";
import { modelsOf } from "./task-shapes.ts";

/** `models.delete` and `delete_many` (clearml-services.md 3.3): tasks that name the model keep a marker in its place. */
function deleteModel(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  const model = ownModel(call, id);
  const force = flagOf(body, "force");
  const users = call.db.all<{ task: string }>("SELECT task FROM input_models WHERE model = ?", id);
  if (users.length > 0 && !force)
    throw new ApiFault(400, 205, "Model is used by tasks (as execution model, use force=True to delete)", { num_tasks: users.length });
  leaveMaker(call, id, model["task"], force);
  for (const { task } of users) markDeleted(call, task, "input", id);
  const withFiles = flagOf(body, "delete_external_artifacts", true);
  if (withFiles) doomFiles(call, [model["uri"]]);
  deleteEventsOf(call, id, withFiles);
  call.db.run("DELETE FROM models WHERE id = ?", id);
  return { deleted: true, url: model["uri"] ?? null };
}

/** The task that made the model forgets it; a published one, only by force, keeps a marker and says so. */
function leaveMaker(call: Call, id: string, maker: unknown, force: boolean): void {
  const task = typeof maker === "string" ? findDocument(call.db, TASK, maker, ["status", "models", "output"]) : undefined;
  if (task === undefined) return;
  const text = "Task that created this model exists (and published, use force=True to delete)";
  if (task["status"] === "published" && !force) throw new ApiFault(400, 206, text, { task: maker });
  if (task["status"] === "published") markOutput(call, task, id);
  else removeOutput(call, task, id);
}

function markOutput(call: Call, task: Document, model: string): void {
  if (!modelsOf(task, "output").some((item) => item["model"] === model)) return;
  const error = `model deleted on ${new Date(call.nowMs).toISOString().slice(0, -1)}000`;
  markDeleted(call, String(task["id"]), "output", model);
  updateDocument(call.db, TASK, String(task["id"]), { output: { ...(task["output"] as Document), error }, ...changedNow(call) });
}

function removeOutput(call: Call, task: Document, model: string): void {
  const output = modelsOf(task, "output").filter((item) => item["model"] !== model);
  updateDocument(call.db, TASK, String(task["id"]), { models: { ...(task["models"] as Document), output }, ...changedNow(call) });
}

function markDeleted(call: Call, id: string, side: "input" | "output", model: string): void {
  const task = findDocument(call.db, TASK, id, ["models"]) ?? {};
  const marked = modelsOf(task, side).map((item) => (item["model"] === model ? { ...item, model: `${DELETED}${model}` } : item));
  updateDocument(call.db, TASK, id, { models: { ...(task["models"] as Document), [side]: marked } });
}

export const MODEL_REMOVAL_ENDPOINTS: readonly Endpoint[] = [
  write("models.delete", deleteModel),
  write("models.delete_many", manyModels(deleteModel)),
];
