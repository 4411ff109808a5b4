import type { FastifyReply, FastifyRequest } from "fastify";
import { messageOf } from "../base/errors.ts";
import { ApiFault } from "./api-fault.ts";
import { ANYBODY, type Authentication } from "./auth/authentication.ts";
import { callerOf } from "./auth/impersonation.ts";
import { DEFAULT_EXPIRATION_SEC, MAX_EXPIRATION_SEC } from "./auth/tokens.ts";
import { flagOf, integerOf, isMap, requiredText, textOf } from "./body.ts";
import { bodyCheckOf } from "./contract/contract.ts";
import type { Body, Caller } from "./endpoint.ts";
import type { Store } from "./store/store.ts";

/** Tokens are given, judged and taken back by the HTTP thread itself (clearml-api.md 1.6). */
export interface SignInParts {
  readonly store: Store;
  readonly auth: Authentication;
  /** Who calls, as the head of the request says. */
  readonly caller: Caller;
}

type SignIn = (parts: SignInParts, request: FastifyRequest, reply: FastifyReply, extra: Body) => Promise<object>;

export const SIGN_IN: ReadonlyMap<string, SignIn> = new Map<string, SignIn>([
  ["auth.login", logIn],
  ["auth.logout", logOut],
  ["login.logout", logOut],
  ["auth.validate_token", validateToken],
  ["auth.get_token_for_user", getTokenForUser],
  ["auth.fixed_users_mode", async ({ auth }) => ({ ...basicModeOf(auth), server_errors: {} })],
  ["login.supported_modes", supportedModes],
]);

const checkOf = (name: string) => bodyCheckOf(name) ?? ((body: Body): Body => body);
const checkLogIn = checkOf("auth.login");
const checkValidation = checkOf("auth.validate_token");
const checkTokenForUser = checkOf("auth.get_token_for_user");

/** The token goes into the reply and, for browsers, into a cookie. */
async function logIn({ auth, caller }: SignInParts, request: FastifyRequest, reply: FastifyReply, extra: Body): Promise<object> {
  const body = checkLogIn({ ...objectOf(request.body), ...extra });
  const expirationSec = integerOf(body, "expiration_sec", 1, MAX_EXPIRATION_SEC) ?? DEFAULT_EXPIRATION_SEC;
  const token = auth.tokens.issue(narrowed(caller, body), expirationSec);
  const expires = new Date(Date.now() + expirationSec * 1000).toUTCString();
  reply.header(
    "set-cookie",
    `clearml_token_basic=${token}; Expires=${expires}; Max-Age=${expirationSec}; HttpOnly; Path=/; SameSite=Lax${secureOf(request)}`,
  );
  return { token };
}

/** What was given over TLS goes over nothing else. */
const secureOf = (request: FastifyRequest): string => (request.protocol === "https" ? "; Secure" : "");

/**
 * A token may ask to be less than its owner, never more: a run's token renews itself as a run's token. Our own fields:
 * `windlass_scope: "run"` with `windlass_task`, and `windlass_only_task: true` for a run that may touch no task but that one.
 */
function narrowed(caller: Caller, body: Body): Caller {
  if (caller.scope === "run" || body["windlass_scope"] !== "run") return caller;
  if (!flagOf(body, "windlass_only_task")) return { ...caller, scope: "run" };
  const task = textOf(body, "windlass_task");
  if (task === undefined) throw new ApiFault(400, 12, "Validation error (windlass_only_task needs windlass_task)");
  return { ...caller, scope: "run", onlyTask: task };
}

async function logOut({ store, auth, caller }: SignInParts, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  reply.header("set-cookie", "clearml_token_basic=; Path=/; Max-Age=0");
  // Who came with keys, or as nobody, has no session that could end.
  if (caller === ANYBODY || /^Basic\s/i.test(request.headers.authorization ?? "")) return {};
  const { sessionId, expiresSec } = auth.bearer(request.headers);
  await store.internal("internal.revoke_token", { session: sessionId, expires: Math.trunc(expiresSec) });
  auth.tokens.revoke(sessionId);
  return {};
}

async function validateToken({ auth }: SignInParts, request: FastifyRequest, _reply: FastifyReply, extra: Body): Promise<object> {
  const token = requiredText(checkValidation({ ...objectOf(request.body), ...extra }), "token");
  try {
    const { caller } = auth.tokens.verify(token);
    return { valid: true, user: caller.user, company: caller.company };
  } catch (error) {
    return { valid: false, msg: messageOf(error) };
  }
}

/** For the server's own services: roles are looked at before (auth/roles.ts). */
async function getTokenForUser({ auth, caller }: SignInParts, request: FastifyRequest, _reply: FastifyReply, extra: Body): Promise<object> {
  const body = checkTokenForUser({ ...objectOf(request.body), ...extra });
  const [id, company] = [requiredText(body, "user"), textOf(body, "company") ?? caller.company];
  const user = await auth.userById(id);
  if (user?.company !== company) throw new ApiFault(400, 301, "Invalid user id", { id, company });
  return { token: auth.tokens.issue(callerOf(user), integerOf(body, "expiration_sec", 1, MAX_EXPIRATION_SEC) ?? DEFAULT_EXPIRATION_SEC) };
}

/** Names with passwords, unless a name alone is enough (clearml-api.md 13). */
const basicModeOf = (auth: Authentication): object => ({ enabled: auth.webKeys === undefined, guest: { enabled: false } });

async function supportedModes({ auth, caller }: SignInParts): Promise<object> {
  return {
    authenticated: caller !== ANYBODY,
    basic: basicModeOf(auth),
    server_errors: { es_connection_error: false, missed_es_upgrade: false },
    sso: {},
    sso_providers: [],
  };
}

function objectOf(body: unknown): Body {
  const text = body instanceof Uint8Array ? Buffer.from(body).toString().trim() : "";
  const parsed = text === "" ? {} : parse(text);
  if (!isMap(parsed)) throw new ApiFault(400, 12, "Validation error (request body must be a JSON object)");
  return parsed;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiFault(400, 12, "Validation error (request body is not valid JSON)");
  }
}
