import { rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { SECOND_MS } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { DoomedFile } from "../services/doomed-files.ts";
import type { Store } from "../store/store.ts";
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

/** Whether there was anything to do. */
async function cleanSome({ store, root, addresses }: FileCleaningOptions): Promise<boolean> {
  const { files } = await store.internal<{ files: DoomedFile[] }>("internal.doomed_files", {});
  for (const file of files) {
    const path = file.needed === 1 ? undefined : await ownPath(root, addresses, file.url);
    if (path !== undefined) await removeOld(path, file.at);
  }
  const last = files.at(-1);
  if (last !== undefined) await store.internal("internal.files_gone", { until: last.seq });
  return last !== undefined;
}

async function ownPath(root: string, addresses: readonly string[], url: string): Promise<string | undefined> {
  const address = addresses.find((one) => url.startsWith(`${one}/`));
  const [quoted = ""] = address === undefined ? [] : url.slice(address.length).split(/[?#]/);
  const path = unquoted(quoted);
  return path === undefined ? undefined : await storedPath(root, path);
}

/** A file, and only when it was there already at that time: a later run may have put another in its place. */
async function removeOld(path: string, atMs: number): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true && found.mtimeMs <= atMs) await rm(path, { force: true });
}
