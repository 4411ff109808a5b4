import { randomBytes, timingSafeEqual } from "node:crypto";
import { ApiFault } from "../api-fault.ts";
import { FIRST_ROLE } from "../auth/roles.ts";
import { hashSecret, newAccessKey, newSecretKey } from "../auth/secrets.ts";
import { mapOf, requiredText, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, insertDocument, updateDocument } from "../store/documents.ts";
import { USER } from "../store/kinds.ts";
import { getAll, listReply } from "./get-all.ts";
import { USERS } from "./query-fields.ts";

/** Users and their key pairs (clearml-api.md 1.6, 4.2). Calls named `internal.*` are the HTTP thread's own and not on the wire. */
function requireUser(call: Call, id: string): Document {
  const user = findDocument(call.db, USER, id);
  if (user === undefined) throw new ApiFault(400, 301, "Invalid user id", { id });
  return user;
}

function currentUser(call: Call): object {
  const user = requireUser(call, call.caller.user);
  const { id, name, given_name, family_name, created } = user;
  return {
    user: {
      id,
      name,
      given_name,
      family_name,
      created,
      avatar: user["avatar"] ?? null,
      company: { id: call.caller.company, name: "clearml" },
      role: call.caller.role,
    },
    getting_started: {},
    settings: { max_download_items: 1000 },
  };
}

function setPreferences(call: Call, body: Body): object {
  const before = findDocument(call.db, USER, call.caller.user, ["preferences"])?.["preferences"] as Document | undefined;
  const preferences = { ...before, ...mapOf(body, "preferences") };
  updateDocument(call.db, USER, call.caller.user, { preferences });
  return { updated: 1, fields: { preferences } };
}

/** Makes the first user and key pair of a store that does not know them: at the first start, or when the identity was lost. */
function bootstrap(call: Call, body: Body): object {
  const user = requiredText(body, "user");
  if (call.db.get("SELECT 1 FROM users WHERE id = ?", user) !== undefined) return { created: false };
  insertDocument(call.db, USER, {
    id: user,
    name: requiredText(body, "name"),
    given_name: "Windlass",
    family_name: "User",
    company: call.caller.company,
    role: FIRST_ROLE,
    created: wireDate(call.nowMs),
    preferences: {},
  });
  saveKeys(call, user, requiredText(body, "access_key"), requiredText(body, "secret_key"), "first start");
  return { created: true };
}

function saveKeys(call: Call, user: string, accessKey: string, secretKey: string, label: string | undefined): void {
  call.db.run(
    "INSERT INTO credentials (access_key, secret_hash, user, label) VALUES (?, ?, ?, ?)",
    accessKey,
    hashSecret(secretKey),
    user,
    label ?? null,
  );
}

/** Who these keys belong to; nobody when they are wrong. */
function verifyKeys(call: Call, body: Body): object {
  const accessKey = requiredText(body, "access_key");
  const row = call.db.get<{ secret_hash: string; user: string }>(
    "SELECT secret_hash, user FROM credentials WHERE access_key = ?",
    accessKey,
  );
  const given = Buffer.from(hashSecret(requiredText(body, "secret_key")));
  if (row === undefined || !timingSafeEqual(given, Buffer.from(row.secret_hash))) return { users: [] };
  const user = findDocument(call.db, USER, row.user, ["name", "company", "role"]);
  return { users: user === undefined ? [] : [user] };
}

function createCredentials(call: Call, body: Body): object {
  const [accessKey, secretKey, label] = [newAccessKey(randomBytes), newSecretKey(randomBytes), textOf(body, "label")];
  saveKeys(call, call.caller.user, accessKey, secretKey, label);
  return { credentials: { access_key: accessKey, secret_key: secretKey, ...(label === undefined ? {} : { label }) } };
}

function getCredentials(call: Call): object {
  const rows = call.db.all("SELECT access_key, label, last_used, last_used_from FROM credentials WHERE user = ?", call.caller.user);
  return { credentials: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))) };
}

function revokeCredentials(call: Call, body: Body): object {
  const accessKey = requiredText(body, "access_key");
  const revoked = call.db.run("DELETE FROM credentials WHERE access_key = ? AND user = ?", accessKey, call.caller.user);
  if (revoked === 0) throw new ApiFault(400, 75, "Invalid access key", { access_key: accessKey });
  return { revoked };
}

export const USER_ENDPOINTS: readonly Endpoint[] = [
  read("users.get_current_user", currentUser),
  read("users.get_by_id", (call, body) => ({ user: requireUser(call, requiredText(body, "user")) })),
  read("users.get_all", (call, body) => listReply("users", getAll(call, USERS, body))),
  read("users.get_preferences", (call) => ({
    preferences: findDocument(call.db, USER, call.caller.user, ["preferences"])?.["preferences"] ?? {},
  })),
  write("users.set_preferences", setPreferences),
  write("auth.create_credentials", createCredentials),
  read("auth.get_credentials", getCredentials),
  write("auth.edit_credentials", (call, body) => ({
    updated: call.db.run(
      "UPDATE credentials SET label = ? WHERE access_key = ? AND user = ?",
      textOf(body, "label") ?? null,
      requiredText(body, "access_key"),
      call.caller.user,
    ),
  })),
  write("auth.revoke_credentials", revokeCredentials),
  write("internal.bootstrap", bootstrap),
  read("internal.verify_keys", verifyKeys),
  read("internal.known_user", (call, body) => {
    const user = findDocument(call.db, USER, requiredText(body, "id"), ["id", "name", "company", "role"]);
    return { users: user === undefined ? [] : [user] };
  }),
  write("internal.revoke_token", (call, body) => ({
    forgotten: call.db.run("DELETE FROM revoked_tokens WHERE expires < ?", Math.trunc(call.nowMs / 1000)),
    revoked: call.db.run(
      "INSERT OR REPLACE INTO revoked_tokens (session, expires) VALUES (?, ?)",
      requiredText(body, "session"),
      Number(body["expires"] ?? 0),
    ),
  })),
  read("internal.revoked_tokens", (call) => ({
    sessions: call.db.all<{ session: string }>("SELECT session FROM revoked_tokens").map((row) => row.session),
  })),
  read("login.supported_modes", () => ({
    authenticated: false,
    basic: { enabled: false, guest: { enabled: false } },
    server_errors: { es_connection_error: false, missed_es_upgrade: false },
    sso: {},
    sso_providers: [],
  })),
  read("auth.fixed_users_mode", () => ({ enabled: false, guest: { enabled: false }, server_errors: {} })),
];
