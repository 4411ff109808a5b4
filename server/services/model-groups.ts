import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, requiredTextList, textListOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { MODEL } from "../store/kinds.ts";
import { many } from "./many.ts";
import { ownModel } from "./model-access.ts";
import { requireTarget, targetOf } from "./move-target.ts";
import { metadataItems } from "./queue-metadata.ts";
import { changedNow } from "./task-changes.ts";
import { touchProjects } from "./touched-project.ts";

/** Calls that change many models in one way: archived or not, tags, project (clearml-services.md 3). */

/** The batch form for calls that name their model `model`. */
export function manyModels(one: (call: Call, body: Body) => object): (call: Call, body: Body) => object {
  return many((call, body) => one(call, { ...body, model: body["task"] }));
}

function archiver(word: "archived" | "unarchived"): (call: Call, body: Body) => object {
  return manyModels((call, body) => {
    const id = requiredText(body, "model");
    const kept = (ownModel(call, id)["system_tags"] as string[]).filter((tag) => tag !== "archived");
    updateDocument(call.db, MODEL, id, { system_tags: word === "archived" ? [...kept, "archived"] : kept, ...changedNow(call) });
    return { [word]: true };
  });
}

function ownModels(call: Call, body: Body): Document[] {
  const models = [...new Set(requiredTextList(body, "ids"))].map((id) => findDocument(call.db, MODEL, id, ["company", "project", "tags"]));
  return models.filter((model) => model?.["company"] === call.caller.company) as Document[];
}

/** Adds, and then removes; `updated` counts both. */
function updateTags(call: Call, body: Body): object {
  const [added, removed] = [textListOf(body, "add_tags") ?? [], textListOf(body, "remove_tags") ?? []];
  if (added.length + removed.length === 0)
    throw new ApiFault(400, 12, "Validation error (Either add tags or remove tags should be provided)");
  const models = ownModels(call, body);
  for (const { id, tags } of models) {
    const all = [...new Set([...(tags as string[]), ...added])];
    const left = (added.length === 0 ? (tags as string[]) : all).filter((tag) => !removed.includes(tag));
    updateDocument(call.db, MODEL, String(id), { tags: left, ...changedNow(call) });
  }
  touchProjects(call, ...models.map((model) => model["project"]));
  return { updated: models.length * (Number(added.length > 0) + Number(removed.length > 0)) };
}

/** Unknown ids are passed over. */
function move(call: Call, body: Body): object {
  requireTarget(body);
  const project = targetOf(call, body);
  for (const { id } of ownModels(call, body)) updateDocument(call.db, MODEL, String(id), { project, ...changedNow(call) });
  return { project_id: project };
}

/** Items by key: what is given replaces what has its key, or everything. */
function editMetadata(call: Call, body: Body): object {
  const model = ownModel(call, requiredText(body, "model"));
  const given = metadataItems(body).map((item) => [requiredText(item, "key"), item]);
  return setMetadata(call, model, {
    ...(flagOf(body, "replace_metadata") ? {} : (model["metadata"] as object)),
    ...Object.fromEntries(given),
  });
}

function deleteMetadata(call: Call, body: Body): object {
  const model = ownModel(call, requiredText(body, "model"));
  const keys = new Set(textListOf(body, "keys") ?? []);
  return setMetadata(call, model, Object.fromEntries(Object.entries(model["metadata"] as object).filter(([key]) => !keys.has(key))));
}

function setMetadata(call: Call, model: Document, metadata: Document): object {
  updateDocument(call.db, MODEL, String(model["id"]), { metadata, last_update: wireDate(call.nowMs), ...changedNow(call) });
  return { updated: 1 };
}

export const MODEL_GROUP_ENDPOINTS: readonly Endpoint[] = [
  write("models.archive_many", archiver("archived")),
  write("models.unarchive_many", archiver("unarchived")),
  write("models.update_tags", updateTags),
  write("models.move", move),
  write("models.add_or_update_metadata", editMetadata),
  write("models.delete_metadata", deleteMetadata),
];
