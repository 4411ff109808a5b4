import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { DEFAULT_ROLE } from "../auth/roles.ts";
import { requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, insertDocument, updateDocument } from "../store/documents.ts";
import { USER } from "../store/kinds.ts";
import { saveKeys } from "./credentials.ts";
import { putOut } from "./logins.ts";
import { requireUser } from "./user-access.ts";

/** Users made, changed and deleted (clearml-services.md 8, 9): what stands in one table here are two there, login and user. */
const NAMES = ["name", "given_name", "family_name"];
const EMAIL = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)*$/;

/** Makes the first user and key pair of a store that does not know them: at the first start, or when the identity was lost. */
function bootstrap(call: Call, body: Body): object {
  const user = requiredText(body, "user");
  if (call.db.get("SELECT 1 FROM users WHERE id = ?", user) !== undefined) return { created: false };
  const names = { name: requiredText(body, "name"), given_name: "Windlass", family_name: "User" };
  insertUser(call, { id: user, ...names, company: call.caller.company, role: DEFAULT_ROLE });
  saveKeys(call, user, requiredText(body, "access_key"), requiredText(body, "secret_key"), "first start");
  return { created: true };
}

function insertUser(call: Call, fields: Document): void {
  insertDocument(call.db, USER, { ...fields, created: wireDate(call.nowMs) });
}

function namesIn(body: Body): Document {
  const names = [...NAMES, "avatar"].map((name) => [name, textOf(body, name)]);
  return Object.fromEntries(names.filter(([, value]) => value !== undefined));
}

function createUser(call: Call, body: Body): object {
  requireCompany(call, body);
  const [id, email] = [newId(), requiredText(body, "email")];
  if (!EMAIL.test(email)) throw new ApiFault(400, 800, "Data validation error", { email: `Invalid email address: ${email}` });
  if (call.db.get("SELECT 1 FROM users WHERE email = ?", email) !== undefined)
    throw new ApiFault(400, 801, "Value combination already exists (unique field already contains this value)", { email });
  insertUser(call, { ...namesIn(body), id, email, company: requiredText(body, "company"), role: textOf(body, "role") ?? "user" });
  return { id };
}

/** One server, one company. */
function requireCompany(call: Call, body: Body): void {
  const company = requiredText(body, "company");
  if (company !== call.caller.company) throw new ApiFault(400, 10, "Invalid object id", { company });
}

function editUser(call: Call, body: Body): object {
  const [id, role] = [requiredText(body, "user"), textOf(body, "role")];
  requireUser(call, id, ["id"]);
  if (role === undefined) return { updated: 0, fields: {} };
  updateDocument(call.db, USER, id, { role });
  return { updated: 1, fields: { role } };
}

function create(call: Call, body: Body): object {
  requireCompany(call, body);
  const id = requiredText(body, "id");
  if (call.db.get("SELECT 1 FROM users WHERE id = ?", id) !== undefined) throw new ApiFault(400, 302, "User ID exists", { id });
  insertUser(call, { ...namesIn(body), id, company: requiredText(body, "company") });
  return {};
}

/** With all that lets the user in, tokens too. */
function deleteUser(call: Call, body: Body): object {
  const id = requiredText(body, "user");
  requireUser(call, id, ["id"]);
  for (const table of ["credentials", "logins"]) call.db.run(`DELETE FROM ${table} WHERE user = ?`, id);
  call.db.run("DELETE FROM users WHERE id = ?", id);
  putOut(call.db, id, call.nowMs);
  return {};
}

/** Anybody may name anybody of the company; who is not there is no refusal. */
function update(call: Call, body: Body): object {
  const id = requiredText(body, "user");
  const fields = Object.fromEntries(Object.entries(namesIn(body)).filter(([name]) => NAMES.includes(name)));
  const isThere = findDocument(call.db, USER, id, ["company"])?.["company"] === call.caller.company;
  if (isThere) updateDocument(call.db, USER, id, fields);
  return { updated: isThere && Object.keys(fields).length > 0 ? 1 : 0, fields };
}

export const ACCOUNT_ENDPOINTS: readonly Endpoint[] = [
  write("auth.create_user", createUser),
  write("auth.edit_user", editUser),
  write("users.create", create),
  write("users.delete", deleteUser),
  write("users.update", update),
  write("internal.bootstrap", bootstrap),
  read("internal.known_user", (call, body) => {
    const user = findDocument(call.db, USER, requiredText(body, "id"), ["id", "name", "company", "role"]);
    return { users: user === undefined ? [] : [user] };
  }),
];
