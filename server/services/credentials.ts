import { randomBytes, timingSafeEqual } from "node:crypto";
import { ApiFault } from "../api-fault.ts";
import { hashSecret, newAccessKey, newSecretKey } from "../auth/secrets.ts";
import { requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { findDocument } from "../store/documents.ts";
import { USER } from "../store/kinds.ts";

/** Key pairs of users (clearml-services.md 9). Calls named `internal.*` are the HTTP thread's own and not on the wire. */
export function saveKeys(call: Call, user: string, accessKey: string, secretKey: string, label: string | undefined): void {
  call.db.run(
    "INSERT INTO credentials (access_key, secret_hash, user, label) VALUES (?, ?, ?, ?)",
    accessKey,
    hashSecret(secretKey),
    user,
    label ?? null,
  );
}

/** Who these keys belong to; nobody when they are wrong. `known`: the key is one of ours, whatever came with it. */
function verifyKeys(call: Call, body: Body): object {
  const row = call.db.get<{ secret_hash: string; user: string }>(
    "SELECT secret_hash, user FROM credentials WHERE access_key = ?",
    textOf(body, "access_key") ?? "",
  );
  const given = Buffer.from(hashSecret(textOf(body, "secret_key") ?? ""));
  const isRight = row !== undefined && timingSafeEqual(given, Buffer.from(row.secret_hash));
  const user = isRight ? findDocument(call.db, USER, row.user, ["name", "company", "role"]) : undefined;
  return { known: row !== undefined, users: user === undefined ? [] : [user] };
}

function create(call: Call, body: Body): object {
  requireOwnKeys(call);
  const [accessKey, secretKey, label] = [newAccessKey(randomBytes), newSecretKey(randomBytes), textOf(body, "label")];
  saveKeys(call, call.caller.user, accessKey, secretKey, label);
  return { credentials: { access_key: accessKey, secret_key: secretKey, ...(label === undefined ? {} : { label }) } };
}

/** Callers that the server brings itself are in no table of users, and get no keys. */
function requireOwnKeys(call: Call): void {
  if (call.db.get("SELECT 1 FROM users WHERE id = ?", call.caller.user) === undefined)
    throw new ApiFault(400, 301, "Invalid user id (protected identity)", { user: call.caller.user });
}

function list(call: Call): object {
  const rows = call.db.all("SELECT access_key, label, last_used, last_used_from FROM credentials WHERE user = ?", call.caller.user);
  return { credentials: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))) };
}

function relabel(call: Call, body: Body): object {
  const label = textOf(body, "label") ?? null;
  const [accessKey, { user }] = [requiredText(body, "access_key"), call.caller];
  if (call.db.run("UPDATE credentials SET label = ? WHERE access_key = ? AND user = ?", label, accessKey, user) > 0) return { updated: 1 };
  throw new ApiFault(400, 75, "Access key not found (invalid user or invalid access key)", keyOf(call, accessKey));
}

/** Tokens that were issued for the key stay good until they expire. */
function revoke(call: Call, body: Body): object {
  requireOwnKeys(call);
  const accessKey = requiredText(body, "access_key");
  const revoked = call.db.run("DELETE FROM credentials WHERE access_key = ? AND user = ?", accessKey, call.caller.user);
  if (revoked > 0) return { revoked };
  throw new ApiFault(400, 300, "Invalid user (invalid user or invalid access key)", keyOf(call, accessKey));
}

const keyOf = ({ caller }: Call, accessKey: string): Record<string, unknown> => ({
  user: caller.user,
  access_key: accessKey,
  company: caller.company,
});

/** A date without an offset, as key pairs alone have it (clearml-services.md 1.6). */
function noteUse(call: Call, body: Body): object {
  const now = `${new Date(call.nowMs).toISOString().slice(0, -1)}000`;
  const sql = "UPDATE credentials SET last_used = ?, last_used_from = ? WHERE access_key = ?";
  return { updated: call.db.run(sql, now, textOf(body, "from") ?? "", requiredText(body, "access_key")) };
}

export const CREDENTIAL_ENDPOINTS: readonly Endpoint[] = [
  write("auth.create_credentials", create),
  read("auth.get_credentials", list),
  write("auth.edit_credentials", relabel),
  write("auth.revoke_credentials", revoke),
  read("internal.verify_keys", verifyKeys),
  write("internal.note_key_use", noteUse),
];
