import { ApiFault, publicObject } from "../api-fault.ts";
import type { Call } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { MODEL } from "../store/kinds.ts";
import { withOneList } from "./old-tags.ts";

/** Who reaches which model (clearml-services.md 1.4, 3): own and public ones are read, only own ones written. */

/** A model to read, as the asked version shows it; 400/201. */
export function readableModel(call: Call, id: string, fields?: readonly string[]): Document {
  const model = findDocument(call.db, MODEL, id, fields);
  if (model !== undefined && [call.caller.company, ""].includes(String(model["company"]))) return shownModel(call, model);
  throw new ApiFault(400, 201, "Invalid model id (no such public or company model)", { id, company: call.caller.company });
}

/** A model to write, whole; 400/201, also for a public one. */
export function ownModel(call: Call, id: string): Document {
  const model = findDocument(call.db, MODEL, id);
  if (model?.["company"] === call.caller.company) return model;
  throw new ApiFault(400, 201, "Invalid model id", { company: call.caller.company, id });
}

/** Refuses a task that a model of this company may not name: 400/101, 403/21 for a public one. */
export function requireWritableTask(call: Call, id: string, company = call.caller.company): void {
  const owner = call.db.get<{ company: string }>("SELECT company FROM tasks WHERE id = ?", id)?.company;
  if (owner === "") throw publicObject("task", [id]);
  if (owner !== company) throw new ApiFault(400, 101, "Invalid task id", { id, company });
}

/** What callers of older versions expect: `metadata` as a list below 2.17, one list of tags below 2.3 (clearml-api.md 1.7). */
export function shownModel(call: Call, model: Document): Document {
  if (call.version >= 2.17) return model;
  return withOneList(call, "metadata" in model ? { ...model, metadata: [] } : model);
}
