import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readIfThere } from "../base/files.ts";
import type { RunRequest } from "../runner/run-request.ts";
import type { ClaimRecord } from "./journal.ts";

export type KeptRequest = RunRequest & { readonly record: ClaimRecord };

/**
 * What a run began with, in its folder: the next agent process goes on with it without a server. It holds the run's token
 * (0600 in a 0700 folder) and goes when the run is reported; with it the record of the journal as it was then, should that one
 * be destroyed. Beside it stands, for people, whose run it was. Not synced: after a power cut no run goes on.
 */
export const requestPath = (runFolder: string): string => join(runFolder, "request.json");

export async function writeRequest(request: RunRequest, record: ClaimRecord): Promise<void> {
  const path = requestPath(request.folder);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, JSON.stringify({ ...request, record }), { mode: 0o600 });
  await writeFile(join(request.folder, "task"), `${request.task.id} ${request.task.name}\n`, { mode: 0o600 });
}

/** Undefined: it was not written, or not whole. */
export async function readRequest(runFolder: string): Promise<KeptRequest | undefined> {
  const text = await readIfThere(requestPath(runFolder));
  try {
    return text === undefined ? undefined : (JSON.parse(text) as KeptRequest);
  } catch {
    return undefined;
  }
}
