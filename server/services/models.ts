import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, integerOf, mapOf, nameOf, requiredText, requiredTextList, tagsOf, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, insertDocument, updateDocument } from "../store/documents.ts";
import { MODEL } from "../store/kinds.ts";
import { getAll, getAllEx, listReply } from "./get-all.ts";
import { MODELS } from "./query-fields.ts";
import { metadataItems } from "./queue-metadata.ts";

/** `models.*` (clearml-api.md 4.2). */
function requireModel(call: Call, id: string): Document {
  const model = findDocument(call.db, MODEL, id);
  if (model === undefined) throw new ApiFault(400, 201, "Invalid model id", { id });
  return model;
}

function givenFields(body: Body): Document {
  const fields: Document = {
    comment: textOf(body, "comment"),
    tags: tagsOf(body, "tags"),
    system_tags: tagsOf(body, "system_tags"),
    uri: textOf(body, "uri"),
    framework: textOf(body, "framework"),
    design: mapOf(body, "design"),
    labels: mapOf(body, "labels"),
    project: textOf(body, "project"),
    parent: textOf(body, "parent"),
    task: textOf(body, "task"),
    metadata: mapOf(body, "metadata"),
    ui_cache: mapOf(body, "ui_cache"),
    ready: typeof body["ready"] === "boolean" ? body["ready"] : undefined,
    last_iteration: integerOf(body, "iteration"),
  };
  if (textOf(body, "name") !== undefined) fields["name"] = nameOf(body);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function create(call: Call, body: Body): object {
  nameOf(body);
  requiredText(body, "uri");
  const id = newId();
  const now = wireDate(call.nowMs);
  insertDocument(call.db, MODEL, {
    ready: true,
    last_iteration: 0,
    ...givenFields(body),
    id,
    user: call.caller.user,
    company: call.caller.company,
    created: now,
    last_update: now,
    last_change: now,
    last_changed_by: call.caller.user,
  });
  return { id, created: true };
}

function edit(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  requireModel(call, id);
  const fields = givenFields(body);
  const now = wireDate(call.nowMs);
  updateDocument(call.db, MODEL, id, { ...fields, last_update: now, last_change: now, last_changed_by: call.caller.user });
  return { updated: 1, fields };
}

function setReady(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  if (requireModel(call, id)["ready"] === true) throw new ApiFault(400, 203, "Model is ready", { model: id });
  updateDocument(call.db, MODEL, id, { ready: true, last_update: wireDate(call.nowMs) });
  return { updated: 1 };
}

function deleteModel(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  const model = requireModel(call, id);
  const users =
    call.db.get<{ n: number }>(
      "SELECT count(*) AS n FROM tasks WHERE EXISTS (SELECT 1 FROM json_each(models, '$.input') WHERE json_extract(value, '$.model') = ?)",
      id,
    )?.n ?? 0;
  if (users > 0 && !flagOf(body, "force")) throw new ApiFault(400, 205, "Model is used by tasks", { num_tasks: users });
  call.db.run("DELETE FROM models WHERE id = ?", id);
  return { deleted: true, url: model["uri"] };
}

function archiver(archived: boolean): (call: Call, body: Body) => object {
  return (call, body) => {
    const succeeded = requiredTextList(body, "ids").map((id) => {
      const tags = (requireModel(call, id)["system_tags"] as string[]).filter((tag) => tag !== "archived");
      updateDocument(call.db, MODEL, id, { system_tags: archived ? [...tags, "archived"].toSorted() : tags });
      return { id, [archived ? "archived" : "unarchived"]: true };
    });
    return { succeeded, failed: [] };
  };
}

function editMetadata(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  const model = requireModel(call, id);
  const before = flagOf(body, "replace_metadata") ? {} : (model["metadata"] as object);
  updateDocument(call.db, MODEL, id, {
    metadata: { ...before, ...Object.fromEntries(metadataItems(body).map((item) => [requiredText(item, "key"), item])) },
  });
  return { updated: 1 };
}

function deleteMetadata(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  const keys = new Set(textListOf(body, "keys") ?? []);
  const left = Object.entries(requireModel(call, id)["metadata"] as object).filter(([key]) => !keys.has(key));
  updateDocument(call.db, MODEL, id, { metadata: Object.fromEntries(left) });
  return { updated: 1 };
}

export const MODEL_ENDPOINTS: readonly Endpoint[] = [
  read("models.get_by_id", (call, body) => ({ model: requireModel(call, requiredText(body, "model")) })),
  read("models.get_all", (call, body) => listReply("models", getAll(call, MODELS, body))),
  read("models.get_all_ex", (call, body) => listReply("models", getAllEx(call, MODELS, body))),
  write("models.create", create),
  write("models.edit", edit),
  write("models.update", edit),
  write("models.set_ready", setReady),
  write("models.delete", deleteModel),
  write("models.archive_many", archiver(true)),
  write("models.unarchive_many", archiver(false)),
  write("models.add_or_update_metadata", editMetadata),
  write("models.delete_metadata", deleteMetadata),
];
