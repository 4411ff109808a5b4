import { homedir } from "node:os";
import { join } from "node:path";
import { ensurePrivateFolder } from "../base/files.ts";
import { variable } from "./connection/settings.ts";

/** Where downloads, offline sessions and files of a task are kept: CLEARML_CACHE_DIR, else ~/.clearml/cache, as with the official SDK. */
export const cacheRoot = (): string => variable("CACHE_DIR") ?? join(homedir(), ".clearml/cache");

/** The folder of one thing in it, which is made. */
export async function cacheFolder(...names: readonly string[]): Promise<string> {
  const path = join(cacheRoot(), ...names);
  await ensurePrivateFolder(path);
  return path;
}
