import { flagOf, isMap, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { getAll, getAllEx, listReply } from "./get-all.ts";
import { readableModel, shownModel } from "./model-access.ts";
import { MODEL_GROUP_ENDPOINTS } from "./model-groups.ts";
import { MODEL_OF_TASK_ENDPOINTS } from "./model-of-task.ts";
import { MODEL_PUBLISHING_ENDPOINTS } from "./model-publishing.ts";
import { MODEL_REMOVAL_ENDPOINTS } from "./model-removal.ts";
import { MODEL_WRITING_ENDPOINTS } from "./model-writing.ts";
import { MODELS } from "./query-fields.ts";

/** `models.*`: the readings (clearml-services.md 3), and all the rest from the files beside this one. */
function list(call: Call, body: Body): object {
  return listReply("models", getAll(call, MODELS, body), (model) => shownModel(call, model));
}

function listEx(call: Call, body: Body): object {
  const shown = (model: Document): Document => (flagOf(body, "include_stats") ? withStats(call, model) : model);
  return listReply("models", getAllEx(call, MODELS, body), (model) => shown(shownModel(call, model)));
}

function withStats(call: Call, model: Document): Document {
  const labels = model["labels"] ?? readableModel(call, String(model["id"]), ["company", "labels"])["labels"];
  return { ...model, stats: { labels_count: isMap(labels) ? Object.keys(labels).length : 0 } };
}

/** The frameworks of the models in these projects and below them, or everywhere. */
function getFrameworks(call: Call, body: Body): object {
  const asked = textListOf(body, "projects") ?? [];
  const inside = `AND project IN (SELECT id FROM projects WHERE id IN (SELECT id FROM asked)
    OR EXISTS (SELECT 1 FROM json_each(coalesce(projects.path, '[]')) AS above WHERE above.value IN (SELECT id FROM asked)))`;
  const rows = call.db.all<{ framework: string }>(
    `WITH asked AS (SELECT value AS id FROM json_each(?)) SELECT DISTINCT framework FROM models
     WHERE coalesce(framework, '') <> '' AND company IN (?, '') ${asked.length === 0 ? "" : inside} ORDER BY framework`,
    JSON.stringify(asked),
    call.caller.company,
  );
  return { frameworks: rows.map((row) => row.framework) };
}

export const MODEL_ENDPOINTS: readonly Endpoint[] = [
  read("models.get_by_id", (call, body) => ({ model: readableModel(call, requiredText(body, "model")) })),
  read("models.get_by_id_ex", (call, body) => listEx(call, { ...body, allow_public: true, include_stats: false })),
  read("models.get_all", list),
  read("models.get_all_ex", listEx),
  read("models.get_frameworks", getFrameworks),
  ...MODEL_WRITING_ENDPOINTS,
  ...MODEL_OF_TASK_ENDPOINTS,
  ...MODEL_PUBLISHING_ENDPOINTS,
  ...MODEL_GROUP_ENDPOINTS,
  ...MODEL_REMOVAL_ENDPOINTS,
];
