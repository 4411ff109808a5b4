import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { findDocument, updateDocument } from "../store/documents.ts";
import { MODEL, TASK } from "../store/kinds.ts";
import { ownModel } from "./model-access.ts";
import { manyModels } from "./model-groups.ts";
import { changedNow } from "./task-changes.ts";
import { publish } from "./task-publishing.ts";

/** `models.set_ready` and `publish_many` (clearml-services.md 3.2): the task that made a model is published before it. */
function makeReady(call: Call, body: Body): object | undefined {
  const id = requiredText(body, "model");
  const model = ownModel(call, id);
  if (model["ready"] === true) throw new ApiFault(400, 203, "Model is ready", { company: call.caller.company, model: id });
  const published = flagOf(body, "publish_task", true) ? publishTask(call, model["task"], flagOf(body, "force_publish_task")) : undefined;
  updateDocument(call.db, MODEL, id, { ready: true, last_update: wireDate(call.nowMs), ...changedNow(call) });
  return published;
}

/** Only what the task's own publishing allows, unless forced; a task that is published, or gone, is left alone. */
function publishTask(call: Call, task: unknown, force: boolean): object | undefined {
  if (typeof task !== "string") return undefined;
  const known = findDocument(call.db, TASK, task, ["status", "company"]);
  if (known?.["company"] !== call.caller.company || known["status"] === "published") return undefined;
  const { updated, fields } = publish(call, { task, force, publish_model: false });
  return { id: task, data: { updated, fields } };
}

function setReady(call: Call, body: Body): object {
  const published = makeReady(call, body);
  return { updated: 1, fields: {}, ...(published === undefined ? {} : { published_task: published }) };
}

export const MODEL_PUBLISHING_ENDPOINTS: readonly Endpoint[] = [
  write("models.set_ready", setReady),
  write(
    "models.publish_many",
    manyModels((call, body) => ({ updated: true, published_task: makeReady(call, body) ?? null })),
  ),
];
