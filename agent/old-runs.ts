import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Console files of ended runs are kept for a while, for a look on the machine itself. */
export async function removeOldRuns(stateFolder: string, keepMs: number, alive: ReadonlySet<string>): Promise<void> {
  const folder = join(stateFolder, "runs");
  for (const name of await readdir(folder).catch(() => [])) {
    if (alive.has(name)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > keepMs)
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
