import { ApiFault } from "../api-fault.ts";
import type { Caller } from "../endpoint.ts";
import { type Headers, header } from "../headers.ts";
import type { Store } from "../store/store.ts";
import { callerOf, impersonated, type KnownUser } from "./impersonation.ts";
import { requireRole } from "./roles.ts";
import type { Tokens, VerifiedToken } from "./tokens.ts";

/** Calls that look at no token. */
const OPEN_TO_ALL = new Set(["debug.ping", "auth.fixed_users_mode"]);
/** Calls that anybody may make, and that know who calls if he says so well. */
const OPTIONAL = new Set(["login.supported_modes", "login.logout"]);
/** What a run's token may not touch: users, keys, server settings. */
const NOT_FOR_RUNS =
  /^(auth\.(?!login$)|users\.(?!get_current_user$|get_all$|get_by_id$|get_preferences$)|server\.(?!info$|report_stats_option$)|storage\.)/;
export const ANYBODY: Caller = { user: "", userName: "anybody", company: "", role: "guest" };

export class Authentication {
  readonly tokens: Tokens;
  readonly #store: Store;

  constructor(store: Store, tokens: Tokens) {
    this.#store = store;
    this.tokens = tokens;
  }

  /** The caller of an endpoint, by token or by key pair; throws 401, 403, and 400/5, 400/6 (clearml-api.md 1.6). */
  async authorize(endpoint: string, headers: Headers): Promise<Caller> {
    if (OPEN_TO_ALL.has(endpoint)) return ANYBODY;
    if (OPTIONAL.has(endpoint)) return await this.#identify(headers).catch(() => ANYBODY);
    const caller = await this.#identify(headers);
    requireRole(endpoint, caller.role);
    if (caller.scope === "run" && NOT_FOR_RUNS.test(endpoint))
      throw new ApiFault(403, 20, "Role not allowed (a run's token may not do this)", { endpoint });
    const acting = await impersonated(caller, headers, async (id) => await this.#userById(id));
    if (acting !== caller) requireRole(endpoint, acting.role);
    return acting;
  }

  bearer(headers: Headers): VerifiedToken {
    const token = bearerToken(headers);
    if (token === undefined) throw new ApiFault(401, 20, "Unauthorized (missing credentials)");
    return this.tokens.verify(token);
  }

  async #identify(headers: Headers): Promise<Caller> {
    const basic = /^Basic\s+(.+)$/i.exec(header(headers, "authorization") ?? "")?.[1];
    return basic === undefined ? this.bearer(headers).caller : await this.#byKeys(basic);
  }

  async #byKeys(basic: string): Promise<Caller> {
    const [accessKey, secretKey] = splitOnce(decoded(basic), ":");
    const keys = { access_key: accessKey, secret_key: secretKey };
    const { users } = await this.#store.internal<{ users: KnownUser[] }>("internal.verify_keys", keys);
    if (users[0] === undefined) throw new ApiFault(401, 22, "Unauthorized (invalid credentials) (failed to locate provided credentials)");
    return callerOf(users[0]);
  }

  async #userById(id: string): Promise<KnownUser | undefined> {
    return (await this.#store.internal<{ users: KnownUser[] }>("internal.known_user", { id })).users[0];
  }
}

function bearerToken(headers: Headers): string | undefined {
  const authorization = header(headers, "authorization");
  if (authorization !== undefined && authorization !== "") {
    const match = /^Bearer\s+(.+)$/i.exec(authorization);
    if (match === null) throw new ApiFault(401, 10, "Unauthorized (bad authentication header type)");
    return match[1];
  }
  return /(?:^|;\s*)clearml_token_basic=([^;]+)/.exec(header(headers, "cookie") ?? "")?.[1];
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
