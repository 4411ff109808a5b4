import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** What a git that was killed, or that found the disk full, leaves in a repository: nobody but its lock's holder may look for it. */
export async function gitLeftovers(mirror: string): Promise<string[]> {
  const objects = join(mirror, "objects");
  const folders = (await readdir(objects).catch(() => [])).filter((name) => /^([0-9a-f]{2}|pack)$/.test(name) || name.startsWith("tmp_"));
  const found = await Promise.all(folders.map((name) => leftoversIn(objects, name)));
  return found.flat();
}

/** A folder of objects that were not taken over (`tmp_objdir-…`) is a leftover as a whole. */
async function leftoversIn(objects: string, name: string): Promise<string[]> {
  const folder = join(objects, name);
  if (name.startsWith("tmp_")) return [folder];
  const names = await readdir(folder).catch(() => []);
  return names.filter((file) => file.startsWith("tmp_")).map((file) => join(folder, file));
}

export async function removeGitLeftovers(mirror: string): Promise<void> {
  for (const path of await gitLeftovers(mirror)) await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
