import { stat, unlink } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { SECOND_MS } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { DoomedFile } from "../services/doomed-files.ts";
import type { Store } from "../store/store.ts";
import { namedPaths, normal } from "./named-paths.ts";
import { storedPath, unquoted } from "./stored-path.ts";

/** Deletes what went with deleted tasks and models from the file server, in the background; the store keeps what is still to do. */
export interface FileCleaningOptions {
  readonly store: Store;
  readonly logger: Logger;
  readonly root: string;
  /** Addresses at which clients reach the file server; what lies elsewhere is left alone. */
  readonly addresses: readonly string[];
  /** Clients that delete the files themselves are left the time for it. */
  readonly everySec?: number | undefined;
}

const EVERY_SEC = 60;

/** How to end it. */
export function cleanFiles(options: FileCleaningOptions): () => void {
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      await pause((options.everySec ?? EVERY_SEC) * SECOND_MS, undefined, { signal: stop.signal, ref: false });
      while (!stop.signal.aborted && (await cleanSome(options)));
    }
  };
  const runOn = (error: unknown): void => {
    if (stop.signal.aborted) return;
    options.logger.error({ err: error }, "files of what was deleted could not be deleted");
    void run().catch(runOn);
  };
  void run().catch(runOn);
  return () => stop.abort();
}

/** Whether there was anything to do. What a model or another task still names stays, however that one writes the address. */
async function cleanSome(options: FileCleaningOptions): Promise<boolean> {
  const { store, addresses } = options;
  const { files } = await store.internal<{ files: DoomedFile[] }>("internal.doomed_files", {});
  const last = files.at(-1);
  if (last === undefined) return false;
  const doomed = new Map(files.flatMap(({ url, at }) => ownPath(addresses, url).map((path): [string, number] => [path, at])));
  const named = await namedPaths(store, new Set(doomed.keys()));
  for (const [path, at] of doomed) if (!named.has(path)) await removeOld(options, path, at);
  await store.internal("internal.files_gone", { until: last.seq });
  return true;
}

/** None for an address elsewhere, or one that may mean several files. */
function ownPath(addresses: readonly string[], url: string): string[] {
  const address = addresses.find((one) => url.startsWith(`${one}/`));
  const quoted = address === undefined || /[?#]/.test(url) ? undefined : url.slice(address.length);
  const path = quoted === undefined ? undefined : unquoted(quoted);
  return path === undefined ? [] : [normal(path)];
}

/** A file, and only when it was there already at that time: a later run may have put another in its place. */
async function removeOld({ root, logger }: FileCleaningOptions, wirePath: string, atMs: number): Promise<void> {
  try {
    const path = await storedPath(root, wirePath);
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (path !== undefined && found?.isFile() === true && found.mtimeMs <= atMs) await unlink(path);
  } catch (error) {
    logger.error({ err: error, file: wirePath }, "a file of what was deleted could not be deleted, and stays");
  }
}
