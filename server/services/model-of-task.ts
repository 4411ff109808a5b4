import { ApiFault } from "../api-fault.ts";
import { integerOf, requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { MODEL, TASK } from "../store/kinds.ts";
import { ownModel, readableModel, requireWritableTask } from "./model-access.ts";
import { modelFields, withoutNulls } from "./model-fields.ts";
import { changeModel, insertModel } from "./model-writing.ts";
import { changedNow } from "./task-changes.ts";
import { raiseIteration } from "./task-iteration.ts";
import { modelsOf } from "./task-shapes.ts";

/** The model of a task: the two calls of clients up to 2.13 (clearml-services.md 3, 3.1). */
const OPEN = ["created", "in_progress"];
const NEW = ["name", "comment", "uri", "tags", "system_tags"];

function updateForTask(call: Call, body: Body): object {
  const [uri, override] = [textOf(body, "uri") ?? "", textOf(body, "override_model_id") ?? ""];
  if ((uri === "") === (override === ""))
    throw new ApiFault(400, 11, "Missing required fields (exactly one field is required)", { fields: ["uri", "override_model_id"] });
  const id = requiredText(body, "task");
  const task = openTask(call, id);
  if (override !== "") return onlyOutput(call, id, body, ownModel(call, override)["id"]);
  const given = { name: task["name"], comment: `Created by task \`${task["name"]}\` (${id})`, ...withoutNulls(body) };
  const last = modelsOf(task, "output").at(-1)?.["model"];
  if (typeof last !== "string") return onlyOutput(call, id, body, newModelOf(call, task, modelFields(given, NEW)));
  ownModel(call, last);
  raiseIteration(call, id, integerOf(body, "iteration"));
  return { ...changeModel(call, last, modelFields(given, NEW), false), id: last, created: false };
}

function openTask(call: Call, id: string): Document {
  requireWritableTask(call, id);
  const task = findDocument(call.db, TASK, id, ["name", "status", "project", "execution", "models"]) ?? {};
  if (OPEN.includes(String(task["status"]))) return task;
  const text = "Invalid task status (model can only be updated for tasks in the ['created', 'in_progress'] states)";
  throw new ApiFault(400, 110, text, { company: call.caller.company, id });
}

function newModelOf(call: Call, task: Document, fields: Document): string {
  const execution = task["execution"] as Document;
  const labels = execution["model_labels"] ?? {};
  return insertModel(call, { ...fields, project: task["project"], framework: execution["framework"], labels, ready: false });
}

function onlyOutput(call: Call, id: string, body: Body, model: unknown): object {
  const input = modelsOf(findDocument(call.db, TASK, id, ["models"]) ?? {}, "input");
  const output = [{ name: "Output Model", model, updated: wireDate(call.nowMs) }];
  updateDocument(call.db, TASK, id, { models: { input, output }, last_update: wireDate(call.nowMs), ...changedNow(call) });
  raiseIteration(call, id, integerOf(body, "iteration"));
  return { id: model, created: true };
}

/** The last output model, whole. */
function getByTaskId(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = findDocument(call.db, TASK, id, ["company", "models"]);
  const { company } = call.caller;
  if (task?.["company"] !== company) throw new ApiFault(400, 101, "Invalid task id", { id, company });
  const last = modelsOf(task, "output").at(-1)?.["model"];
  if (typeof last !== "string") throw new ApiFault(400, 122, "Task is missing expected fields", { field: "models.output" });
  return { model: readableModel(call, last, Object.keys(MODEL.fields)) };
}

export const MODEL_OF_TASK_ENDPOINTS: readonly Endpoint[] = [
  write("models.update_for_task", updateForTask),
  read("models.get_by_task_id", getByTaskId),
];
