import { createHmac, timingSafeEqual } from "node:crypto";
import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import type { Caller } from "../endpoint.ts";
import { API_VERSION, SERVER_BUILD, SERVER_VERSION } from "../version.ts";

/** JSON web tokens of `auth.login` (clearml-api.md 1.6), signed with HS256. */
export const DEFAULT_EXPIRATION_SEC = 2_592_000;
export const MAX_EXPIRATION_SEC = 31_536_000;

interface Claims {
  readonly identity: { readonly user: string; readonly company: string; readonly role: string; readonly user_name: string };
  readonly iat: number;
  readonly exp?: number;
  readonly session_id: string;
  readonly windlass_scope?: "run";
  readonly windlass_task?: string;
}

export interface VerifiedToken {
  readonly caller: Caller;
  readonly sessionId: string;
  readonly issuedSec: number;
  readonly expiresSec: number;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const HEADER = encode({ alg: "HS256", typ: "JWT" });

export class Tokens {
  readonly #secret: string;
  readonly #revoked: Set<string>;
  /** Signatures that were checked already: the same token comes with every call. */
  readonly #verified = new Map<string, VerifiedToken>();

  constructor(secret: string, revoked: readonly string[]) {
    this.#secret = secret;
    this.#revoked = new Set(revoked);
  }

  /** `api_version` must be there as a text, and `feature_set` be `basic`, or the official clients lose features or ask for more. */
  issue(caller: Caller, expirationSec: number): string {
    const iat = Math.floor(Date.now() / 1000);
    const payload = encode({
      auth_type: "Bearer",
      identity: { user: caller.user, company: caller.company, role: caller.role, user_name: caller.userName, company_name: "clearml" },
      env: "windlass",
      iat,
      exp: iat + expirationSec,
      session_id: newId(),
      api_version: API_VERSION,
      server_version: SERVER_VERSION,
      server_build: SERVER_BUILD,
      feature_set: "basic",
      ...(caller.scope === undefined ? {} : { windlass_scope: caller.scope }),
      ...(caller.onlyTask === undefined ? {} : { windlass_task: caller.onlyTask }),
    });
    return `${HEADER}.${payload}.${this.#sign(`${HEADER}.${payload}`)}`;
  }

  /** Throws 401/30 for a token that is not ours, expired or revoked. */
  verify(token: string): VerifiedToken {
    const verified = this.#verified.get(token) ?? this.#check(token);
    const isExpired = verified.expiresSec * 1000 < Date.now();
    if (!isExpired && !this.#revoked.has(verified.sessionId)) return verified;
    this.#verified.delete(token);
    throw isExpired ? badToken("Signature has expired") : new ApiFault(401, 30, "Invalid token (revoked token)");
  }

  revoke(sessionId: string): void {
    this.#revoked.add(sessionId);
  }

  #check(token: string): VerifiedToken {
    const [header = "", payload = "", signature, ...more] = token.split(".");
    if (signature === undefined || more.length > 0) throw badToken("Not enough segments");
    const expected = Buffer.from(this.#sign(`${header}.${payload}`));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw badToken("Signature verification failed");
    const verified = verifiedOf(JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims);
    if (this.#verified.size > 1000) this.#verified.clear();
    this.#verified.set(token, verified);
    return verified;
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}

const badToken = (reason: string): ApiFault => new ApiFault(401, 30, "Invalid token (invalid jwt token)", { reason });

function verifiedOf(claims: Claims): VerifiedToken {
  const { user, company, role, user_name: userName } = claims.identity;
  return {
    caller: { user, company, role, userName, scope: claims.windlass_scope, onlyTask: claims.windlass_task },
    sessionId: claims.session_id,
    issuedSec: claims.iat,
    expiresSec: claims.exp ?? Number.MAX_SAFE_INTEGER / 1000,
  };
}
