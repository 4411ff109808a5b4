import { newId } from "../../base/ids.ts";
import { ApiFault, missingField } from "../api-fault.ts";
import { flagOf, integerOf, requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, insertDocument, updateDocument } from "../store/documents.ts";
import { MODEL } from "../store/kinds.ts";
import { ownModel, requireWritableTask } from "./model-access.ts";
import { labelsOfNew, modelFields, requireReferences, requireWholeLabels, trimmed, withoutNulls } from "./model-fields.ts";
import { withTwoLists } from "./old-tags.ts";
import { changedNow } from "./task-changes.ts";
import { raiseIteration } from "./task-iteration.ts";
import { DELETED } from "./task-references.ts";

/** `models.create`, `edit`, `update` (clearml-services.md 3.1). */
const BOTH = ["name", "tags", "system_tags", "comment", "uri", "project", "metadata"];
const CREATED = [...BOTH, "task", "parent", "framework", "design", "labels", "ui_cache"];
const EDITED = [...BOTH, "task", "parent", "framework", "design", "labels", "ready"];
const UPDATED = [...BOTH, "created", "ui_cache"];
/** Changes of these move `last_update`. */
const CONTENTS = new Set(["uri", "framework", "design", "labels", "ready", "metadata", "tags", "system_tags"]);

function create(call: Call, body: Body): object {
  requiredText(body, "name");
  if (textOf(body, "uri") === undefined) throw missingField("uri");
  const company = flagOf(body, "public") ? "" : call.caller.company;
  const fields = withoutNulls(modelFields(withTwoLists(call, MODEL, body), CREATED));
  requireProjectOf(call, fields["project"], company);
  if (typeof fields["task"] === "string") requireWritableTask(call, fields["task"], company);
  const ready = flagOf(body, "ready", true);
  return { created: true, id: insertModel(call, { ...fields, labels: labelsOfNew(fields["labels"]), ready, company }) };
}

/** A project of the very company that the model gets: a public model has no own project. */
function requireProjectOf(call: Call, project: unknown, company: string): void {
  if (typeof project !== "string" || project === "") return;
  const sql = "SELECT 1 FROM projects WHERE id = ? AND company = ?";
  if (call.db.get(sql, project, company) === undefined) throw new ApiFault(400, 12, "Validation error (Invalid project ids)", { project });
}

/** Makes a model of these fields; its id. */
export function insertModel(call: Call, fields: Document): string {
  const id = newId();
  const now = wireDate(call.nowMs);
  const marks = { id, user: call.caller.user, created: now, last_update: now, ...changedNow(call) };
  insertDocument(call.db, MODEL, { last_iteration: 0, company: call.caller.company, ...trimmed(fields), ...marks });
  return id;
}

/** Nulls are nothing here; also a published model changes, and `ready: false` takes the publishing back. */
function edit(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  const model = ownModel(call, id);
  requireWholeLabels(body);
  const fields = withoutNulls(modelFields(withTwoLists(call, MODEL, body), EDITED));
  if (String(fields["task"] ?? "").startsWith(DELETED)) delete fields["task"];
  requireReferences(call, fields);
  raiseIteration(call, model["task"] ?? fields["task"], integerOf(body, "iteration"));
  return changeModel(call, id, fields, true);
}

/** Nulls take values away here; the project is not looked at, and what only `edit` may change is passed over. */
function update(call: Call, body: Body): object {
  const id = requiredText(body, "model");
  ownModel(call, id);
  requireWholeLabels(body);
  const task = textOf(body, "task");
  if (task !== undefined) requireWritableTask(call, task);
  raiseIteration(call, task, integerOf(body, "iteration"));
  return changeModel(call, id, modelFields(withTwoLists(call, MODEL, body), UPDATED), false);
}

/** A new `uri` makes what the web app remembered about the model worthless. `showsUpdate`: the reply tells `last_update`. */
export function changeModel(call: Call, id: string, given: Document, showsUpdate: boolean): object {
  if (Object.keys(given).length === 0) return { updated: 0, fields: {} };
  const moved = Object.keys(given).some((name) => CONTENTS.has(name)) ? { last_update: wireDate(call.nowMs) } : {};
  const fields = { ...given, ...("uri" in given ? { ui_cache: {} } : {}), ...changedNow(call) };
  updateDocument(call.db, MODEL, id, { ...trimmed(fields), ...moved });
  return { updated: 1, fields: showsUpdate ? { ...fields, ...moved } : fields };
}

export const MODEL_WRITING_ENDPOINTS: readonly Endpoint[] = [
  write("models.create", create),
  write("models.edit", edit),
  write("models.update", update),
];
