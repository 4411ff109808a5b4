import { requiredText } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { loginNamed, saveLogin } from "./logins.ts";

/** What the HTTP thread keeps in the store to let people in, and to put them out. Not on the wire. */
function revokeToken(call: Call, body: Body): object {
  return {
    forgotten: call.db.run("DELETE FROM revoked_tokens WHERE expires < ?", Math.trunc(call.nowMs / 1000)),
    revoked: call.db.run(
      "INSERT OR REPLACE INTO revoked_tokens (session, expires) VALUES (?, ?)",
      requiredText(body, "session"),
      Number(body["expires"] ?? 0),
    ),
  };
}

/** The first login of a store that has none. */
function firstLogin(call: Call, body: Body): object {
  if (call.db.get("SELECT 1 FROM logins") !== undefined) return { created: false };
  saveLogin(call.db, { name: requiredText(body, "name"), user: requiredText(body, "user"), password: requiredText(body, "password") });
  return { created: true };
}

export const SESSION_ENDPOINTS: readonly Endpoint[] = [
  read("internal.revoked_tokens", (call) => ({
    sessions: call.db.all<{ session: string }>("SELECT session FROM revoked_tokens").map((row) => row.session),
  })),
  read("internal.put_out", (call) => ({ users: call.db.all("SELECT user, since FROM put_out") })),
  read("internal.login", (call, body) => ({ logins: loginNamed(call.db, requiredText(body, "name")) })),
  read("internal.has_logins", (call) => ({ any: call.db.get("SELECT 1 FROM logins") !== undefined })),
  write("internal.revoke_token", revokeToken),
  write("internal.first_login", firstLogin),
];
