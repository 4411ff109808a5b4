import { ApiFault } from "../api-fault.ts";
import type { Call } from "../endpoint.ts";
import { type Document, findDocument } from "../store/documents.ts";
import { USER } from "../store/kinds.ts";

/** A user of the caller's company, or of any for the server itself; 400/301. */
export function requireUser(call: Call, id: string, fields?: readonly string[]): Document {
  const { company, role } = call.caller;
  const user = findDocument(call.db, USER, id, fields === undefined ? undefined : [...fields, "company"]);
  if (user !== undefined && (user["company"] === company || role === "system")) return user;
  throw new ApiFault(400, 301, "Invalid user id", { id, company });
}
