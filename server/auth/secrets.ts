import { createHash } from "node:crypto";

/** Key pairs as the real server makes them (clearml-api.md 1.6): 30 upper-case letters and digits; 50 url-safe random bytes. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

export function newAccessKey(randomBytes: (size: number) => Buffer): string {
  return [...randomBytes(30)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

export function newSecretKey(randomBytes: (size: number) => Buffer): string {
  return randomBytes(50).toString("base64url");
}

/** Secrets are random and long, so a plain hash protects them; only the hash is stored. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
