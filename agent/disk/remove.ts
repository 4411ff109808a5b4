import { chmod, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { WindlassError } from "../../base/errors.ts";
import { holdFileLock } from "../../base/file-lock.ts";
import { newId } from "../../base/ids.ts";
import { runCommand } from "../../base/run-command.ts";
import type { EngineStore } from "../../runner/docker/engine-store.ts";
import { announceRemoval, concludeRemoval, forgetUses, isLive, type Kept, usesOf } from "../../runner/uses.ts";
import { TRASH } from "./inventory.ts";
import type { KeptItem, Place } from "./kept-item.ts";

/** Removes one thing, unless somebody has begun to use or to build it since it was listed: then the answer is false. */
export async function removeItem(stateFolder: string, item: KeptItem, store: EngineStore | undefined): Promise<boolean> {
  const { place } = item;
  const release = place.lock === undefined ? undefined : await lockUnlessBusy(stateFolder, place.lock);
  if (release === "busy") return false;
  let aside: string | undefined;
  try {
    const gone = await unlessUsed(stateFolder, place, async () => {
      if (place.on === "engine") return (await store?.remove(place.thing)) ?? false;
      aside = await moveAside(stateFolder, place.path);
      return true;
    });
    if (!gone) return false;
  } finally {
    await release?.();
  }
  if (aside !== undefined) await removeTree(aside);
  return true;
}

async function lockUnlessBusy(stateFolder: string, lock: string): Promise<(() => Promise<void>) | "busy"> {
  await mkdir(join(stateFolder, "locks"), { recursive: true, mode: 0o700 });
  const held = await holdFileLock(lock);
  return typeof held === "number" ? "busy" : held;
}

/** The sign first, then the look for marks (`runner/uses.ts`). */
async function unlessUsed(stateFolder: string, place: Place, remove: () => Promise<boolean>): Promise<boolean> {
  if (place.on === "files" && place.run !== undefined && (await isLive(stateFolder, place.run))) return false;
  const { kept } = place;
  if (kept === undefined) return await remove();
  await announceRemoval(stateFolder, kept);
  try {
    const { runs } = await usesOf(stateFolder, kept);
    if (await anyLive(stateFolder, runs)) return false;
    const gone = await remove();
    if (gone) await forgetUses(stateFolder, kept, await deadOnes(stateFolder, kept));
    return gone;
  } finally {
    await concludeRemoval(stateFolder, kept);
  }
}

async function anyLive(stateFolder: string, runs: readonly string[]): Promise<boolean> {
  return (await Promise.all(runs.map((run) => isLive(stateFolder, run)))).includes(true);
}

async function deadOnes(stateFolder: string, kept: Kept): Promise<string[]> {
  const { runs } = await usesOf(stateFolder, kept);
  const live = await Promise.all(runs.map((run) => isLive(stateFolder, run)));
  return runs.filter((_, at) => live[at] === false);
}

/** Out of its place in one step: whatever happens now, nobody takes half of it for the whole. */
async function moveAside(stateFolder: string, path: string): Promise<string> {
  const trash = join(stateFolder, TRASH);
  if (path.startsWith(`${trash}/`)) return path;
  await mkdir(trash, { recursive: true, mode: 0o700 });
  const aside = join(trash, newId());
  // A folder that may not be written cannot change its parent.
  await chmod(path, 0o700);
  await rename(path, aside);
  return aside;
}

/** By programs of their own: a tree of many thousand files must not hold the agent up. */
async function removeTree(path: string): Promise<void> {
  const options = { env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" }, signal: new AbortController().signal };
  const removed = await runCommand("rm", ["-rf", "--", path], options);
  if (removed.exitCode === 0) return;
  // Environments are write-protected, which stops everybody but root.
  await runCommand("chmod", ["-R", "u+rwX", "--", path], options);
  const again = await runCommand("rm", ["-rf", "--", path], options);
  if (again.exitCode !== 0)
    throw new WindlassError(`cannot remove ${path}: ${again.stderr.trim().split("\n").at(-1)}`, { code: "cannot-remove" });
}
