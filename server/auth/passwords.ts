import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Passwords of people, kept as scrypt hashes: 16 MiB and some tens of milliseconds each, off the main thread. */
interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const COST: Cost = { N: 16_384, r: 8, p: 1 };
const LENGTH = 32;

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derived(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), hash.toString("base64url")].join("$");
}

/** Without a stored hash it takes as long and says no: who asks does not learn which names there are. */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = "", hash = ""] = (stored ?? "").split("$");
  const cost = stored === undefined ? COST : { N: Number(N), r: Number(r), p: Number(p) };
  const given = await derived(password, Buffer.from(salt, "base64url"), cost);
  const expected = Buffer.from(hash, "base64url");
  return expected.length === given.length && timingSafeEqual(expected, given);
}

export const newPassword = (): string => randomBytes(15).toString("base64url");

async function derived(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, LENGTH, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
