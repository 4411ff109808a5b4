import { join } from "node:path";
import { HOUR_MS } from "../base/clock.ts";
import { readIfThere, writeFileDurably } from "../base/files.ts";
import { cacheFolder, cacheRoot } from "./cache-folder.ts";

/** A task is used again within this time (task-class.md B7). */
const REUSED_WITHIN_MS = 72 * HOUR_MS;
const NAME = "windlass-last-tasks.json";

type Remembered = Record<string, { readonly id: string; readonly atMs: number }>;

/** What tells tasks of this user apart: server, project, name and type. */
export const taskKey = (server: string, project: string, name: string, type: string): string => [server, project, name, type].join("\n");

/** The task that a program of this user made last under a key, unless that is too long ago. */
export async function lastTask(key: string): Promise<string | undefined> {
  const found = (await remembered())[key];
  return found === undefined || Date.now() - found.atMs > REUSED_WITHIN_MS ? undefined : found.id;
}

/** Best effort: a cache that cannot be written only means that the next run makes a new task. */
export async function rememberTask(key: string, id: string): Promise<void> {
  const kept = Object.entries(await remembered()).filter(([, { atMs }]) => Date.now() - atMs <= REUSED_WITHIN_MS);
  const all = { ...Object.fromEntries(kept), [key]: { id, atMs: Date.now() } };
  const write = async (): Promise<void> => await writeFileDurably(join(await cacheFolder(), NAME), JSON.stringify(all));
  await write().catch(() => undefined);
}

async function remembered(): Promise<Remembered> {
  try {
    return JSON.parse((await readIfThere(join(cacheRoot(), NAME))) ?? "{}") as Remembered;
  } catch {
    return {};
  }
}
