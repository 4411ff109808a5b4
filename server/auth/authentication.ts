import { ApiFault } from "../api-fault.ts";
import type { Caller } from "../endpoint.ts";
import type { Store } from "../store/store.ts";
import type { Tokens, VerifiedToken } from "./tokens.ts";

/** Headers that say who calls (clearml-api.md 1.3, 1.6). */
export interface AuthHeaders {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

interface KnownUser {
  readonly id: string;
  readonly name: string;
  readonly company: string;
  readonly role: string;
}

/** Calls that anybody may make. */
const OPEN_TO_ALL = new Set(["debug.ping", "auth.fixed_users_mode", "login.supported_modes", "login.logout"]);
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

  /** The caller of an endpoint; throws 401 or 403. */
  authorize(endpoint: string, headers: AuthHeaders): Caller {
    if (endpoint.startsWith("internal.")) throw new ApiFault(404, 0, `Unable to find endpoint for name ${endpoint}`);
    if (OPEN_TO_ALL.has(endpoint)) return ANYBODY;
    const { caller } = this.bearer(headers);
    if (caller.scope === "run" && NOT_FOR_RUNS.test(endpoint))
      throw new ApiFault(403, 20, "Role not allowed (a run's token may not do this)", { endpoint });
    return caller;
  }

  bearer(headers: AuthHeaders): VerifiedToken {
    const token = bearerToken(headers);
    if (token === undefined) throw new ApiFault(401, 20, "Unauthorized (missing credentials)");
    return this.tokens.verify(token);
  }

  /** `auth.login`: by key pair, or by a token that is still good, to get a fresh one. */
  async logIn(headers: AuthHeaders): Promise<Caller> {
    const basic = /^Basic\s+(.+)$/i.exec(headers.authorization ?? "")?.[1];
    if (basic === undefined) return this.bearer(headers).caller;
    const [accessKey, secretKey] = splitOnce(Buffer.from(basic, "base64").toString(), ":");
    if (accessKey === "" || secretKey === "") throw new ApiFault(401, 21, "Unauthorized (bad credentials)");
    const keys = { access_key: accessKey, secret_key: secretKey };
    const found = await this.#store.internal<{ users: KnownUser[] }>("internal.verify_keys", keys);
    const [user] = found.users;
    if (user === undefined) throw new ApiFault(401, 22, "Unauthorized (invalid credentials)");
    return { user: user.id, userName: user.name, company: user.company, role: user.role };
  }
}

export function bearerToken(headers: AuthHeaders): string | undefined {
  const { authorization, cookie } = headers;
  if (authorization !== undefined && authorization !== "") {
    const match = /^Bearer\s+(.+)$/i.exec(authorization);
    if (match === null) throw new ApiFault(401, 10, "Unauthorized (bad authentication type)");
    return match[1];
  }
  return /(?:^|;\s*)clearml_token_basic=([^;]+)/.exec(cookie ?? "")?.[1];
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? ["", ""] : [text.slice(0, at), text.slice(at + 1)];
}
