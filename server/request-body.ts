import type { Readable } from "node:stream";
import { ApiFault } from "./api-fault.ts";

/**
 * How much of a body is read into memory. The official server leaves it to a proxy (clearml-api.md 9); its SDK cuts batches
 * of events at 15 MiB, and one line of a batch, or a task with its diff, may be longer.
 */
const MIB = 2 ** 20;
const BATCH_BYTES = 256 * MIB;
const DOCUMENT_BYTES = 64 * MIB;
/** For calls that need no token, or ask for one. */
const SMALL_BYTES = 64 * 1024;

const BATCHES = new Set(["events.add_batch", "events.add"]);

export function bodyLimitOf(endpoint: string, isKnownCaller: boolean): number {
  if (!isKnownCaller || endpoint.startsWith("auth.")) return SMALL_BYTES;
  return BATCHES.has(endpoint) ? BATCH_BYTES : DOCUMENT_BYTES;
}

/** The whole body, unless it is too long: then the rest is read and thrown away, so that the client sees the answer. */
export async function readBody(stream: Readable, announcedBytes: number, limitBytes: number): Promise<Buffer> {
  if (announcedBytes > limitBytes) throw tooLong(limitBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLong(limitBytes));
      }
    });
    stream.once("end", resolve);
    stream.once("error", reject);
    stream.once("close", () => reject(new ApiFault(400, 12, "Validation error (the request body ended early)")));
  });
  return Buffer.concat(chunks, size);
}

const tooLong = (limitBytes: number): ApiFault =>
  new ApiFault(400, 12, `Validation error (the request body is longer than ${limitBytes} bytes)`);
