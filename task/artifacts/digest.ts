import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

export interface Digest {
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** Size and hash of bytes, or of the file of a path as it streams by. */
export async function digestOf(content: Uint8Array | string): Promise<Digest> {
  const hash = createHash("sha256");
  if (typeof content !== "string") return { bytes: content.length, hash: hash.update(content).digest("hex") };
  await pipeline(createReadStream(content), hash);
  return { bytes: (await stat(content)).size, hash: hash.digest("hex") };
}
