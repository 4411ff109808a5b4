import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { WindlassError } from "../base/errors.ts";
import { readIfThere, writeFileDurably } from "../base/files.ts";
import { newId } from "../base/ids.ts";
import { newAccessKey, newSecretKey } from "./auth/secrets.ts";

/** What makes a data folder one server: its first user with keys, and the secret that signs its tokens. Never leaves the folder. */
export interface ServerIdentity {
  readonly user: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly tokenSecret: string;
}

export async function loadIdentity(dataFolder: string): Promise<ServerIdentity> {
  const path = join(dataFolder, "identity.json");
  const known = await readIfThere(path);
  if (known !== undefined) return identityIn(known, path);
  const identity: ServerIdentity = {
    user: newId(),
    accessKey: newAccessKey(randomBytes),
    secretKey: newSecretKey(randomBytes),
    tokenSecret: randomBytes(48).toString("base64url"),
  };
  await writeFileDurably(path, JSON.stringify(identity));
  return identity;
}

function identityIn(text: string, path: string): ServerIdentity {
  try {
    const identity = JSON.parse(text) as ServerIdentity;
    const { user, accessKey, secretKey, tokenSecret } = identity;
    if ([user, accessKey, secretKey, tokenSecret].every((part) => typeof part === "string" && part !== "")) return identity;
  } catch {
    // The sentence below says it.
  }
  throw new WindlassError(`the server's identity file ${path} is damaged`, {
    code: "identity-unusable",
    hint: "Put a backup in its place, or delete it: the server then makes new keys, and clients need the new clearml.conf.",
  });
}
