import { ApiFault } from "../api-fault.ts";
import type { Caller } from "../endpoint.ts";
import { type Headers, header } from "../headers.ts";
import type { Store } from "../store/store.ts";
import { callerOf, impersonated, type KnownUser } from "./impersonation.ts";
import type { PasswordLogin } from "./password-login.ts";
import type { PutOut } from "./put-out.ts";
import { requireRole } from "./roles.ts";
import type { Tokens, VerifiedToken } from "./tokens.ts";
import { isPair, type KeyPair, WEB_APP } from "./web-keys.ts";

/** Calls that look at no token. */
const OPEN_TO_ALL = new Set(["debug.ping", "auth.fixed_users_mode"]);
/** Calls that anybody may make, and that know who calls if he says so well. */
const OPTIONAL = new Set(["login.supported_modes", "login.logout"]);
/** What a run's token may not touch: users, keys, server settings. */
const NOT_FOR_RUNS =
  /^(auth\.(?!login$)|users\.(?!get_current_user$|get_all$|get_by_id$|get_preferences$)|server\.(?!info$|report_stats_option$)|storage\.)/;
export const ANYBODY: Caller = { user: "", userName: "anybody", company: "", role: "guest" };

/** What came with `Authorization: Basic` and is no name: agents with the keys of another server are not slowed down for it. */
const LIKE_A_KEY = /^[A-Z0-9]{20,}$/;

export interface AuthenticationParts {
  readonly store: Store;
  readonly tokens: Tokens;
  readonly passwords: PasswordLogin;
  readonly putOut: PutOut;
  /** Given when a name is enough to log in: the keys of the web app itself. */
  readonly webKeys?: KeyPair | undefined;
}

export class Authentication {
  readonly tokens: Tokens;
  readonly webKeys: KeyPair | undefined;
  readonly #parts: AuthenticationParts;

  constructor(parts: AuthenticationParts) {
    this.#parts = parts;
    this.tokens = parts.tokens;
    this.webKeys = parts.webKeys;
  }

  /** The caller of an endpoint, by token, key pair or password; throws 401, 403, and 400/5, 400/6 (clearml-api.md 1.6). */
  async authorize(endpoint: string, headers: Headers, address: string): Promise<Caller> {
    if (OPEN_TO_ALL.has(endpoint)) return ANYBODY;
    if (OPTIONAL.has(endpoint)) return await this.#identify(headers, address).catch(() => ANYBODY);
    const caller = await this.#identify(headers, address);
    requireRole(endpoint, caller.role);
    if (caller.scope === "run" && NOT_FOR_RUNS.test(endpoint))
      throw new ApiFault(403, 20, "Role not allowed (a run's token may not do this)", { endpoint });
    const acting = await impersonated(caller, headers, async (id) => await this.userById(id));
    if (acting !== caller) requireRole(endpoint, acting.role);
    return acting;
  }

  bearer(headers: Headers): VerifiedToken {
    const token = bearerToken(headers);
    if (token === undefined) throw new ApiFault(401, 20, "Unauthorized (missing credentials)");
    const verified = this.tokens.verify(token);
    if (this.#parts.putOut.has(verified.caller.user, verified.issuedSec)) throw new ApiFault(401, 30, "Invalid token (revoked token)");
    return verified;
  }

  async userById(id: string): Promise<KnownUser | undefined> {
    return (await this.#parts.store.internal<{ users: KnownUser[] }>("internal.known_user", { id })).users[0];
  }

  async #identify(headers: Headers, address: string): Promise<Caller> {
    const basic = /^Basic\s+(.+)$/i.exec(header(headers, "authorization") ?? "")?.[1];
    if (basic === undefined) return this.bearer(headers).caller;
    const [name, secret] = splitOnce(decoded(basic), ":");
    if (this.webKeys !== undefined && isPair(this.webKeys, name, secret)) return WEB_APP;
    const user = await this.#userOf(name, secret, address);
    if (user === undefined) throw new ApiFault(401, 22, "Unauthorized (invalid credentials) (failed to locate provided credentials)");
    return callerOf(user);
  }

  /** Keys first; what is none of ours, nor looks like one, is the name of a person. */
  async #userOf(name: string, secret: string, address: string): Promise<KnownUser | undefined> {
    const { store, passwords } = this.#parts;
    const keys = { access_key: name, secret_key: secret };
    const { known, users } = await store.internal<{ known: boolean; users: KnownUser[] }>("internal.verify_keys", keys);
    if (!known && !LIKE_A_KEY.test(name)) return await passwords.user(name, secret, address);
    // A disk that is full keeps nobody out.
    if (users.length > 0) await store.internal("internal.note_key_use", { access_key: name, from: address }).catch(() => undefined);
    return users[0];
  }
}

const COOKIE = /(?:^|;\s*)clearml_token_basic=([^;]+)/;

/** Whether the request says who sent it, by header or cookie. */
export function hasToken(headers: Headers): boolean {
  return (headers["authorization"] ?? "") !== "" || COOKIE.test(String(headers["cookie"] ?? ""));
}

function bearerToken(headers: Headers): string | undefined {
  const authorization = header(headers, "authorization");
  if (authorization !== undefined && authorization !== "") {
    const match = /^Bearer\s+(.+)$/i.exec(authorization);
    if (match === null) throw new ApiFault(401, 10, "Unauthorized (bad authentication header type)");
    return match[1];
  }
  return COOKIE.exec(header(headers, "cookie") ?? "")?.[1];
}

function decoded(base64: string): string {
  const digits = base64.replace(/[^A-Za-z0-9+/=]/g, "");
  if (digits === "" || digits.length % 4 !== 0)
    throw new ApiFault(401, 21, "Unauthorized (malformed credentials)", { reason: "Incorrect padding" });
  return Buffer.from(digits, "base64").toString();
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
