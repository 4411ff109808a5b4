import { createHmac, timingSafeEqual } from "node:crypto";
import type { Caller } from "../endpoint.ts";
import { COMPANY } from "../store/store.ts";

/** The key pair of the web app itself, which it makes and impersonates users with where a name is enough to log in (clearml-api.md 13). */
export interface KeyPair {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Always the same for one data folder, so that an open page outlives a restart. */
export function webKeysOf(tokenSecret: string): KeyPair {
  const of = (what: string): Buffer => createHmac("sha512", tokenSecret).update(`web app: ${what}`).digest();
  return {
    accessKey: of("access key").toString("hex").slice(0, 30).toUpperCase(),
    secretKey: of("secret key").toString("base64url").slice(0, 66),
  };
}

export const WEB_APP: Caller = { user: "__webserver__", userName: "webserver", company: COMPANY, role: "admin" };

export function isPair(keys: KeyPair, accessKey: string, secretKey: string): boolean {
  const [given, expected] = [Buffer.from(secretKey), Buffer.from(keys.secretKey)];
  return accessKey === keys.accessKey && given.length === expected.length && timingSafeEqual(given, expected);
}
