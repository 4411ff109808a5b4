import { access, mkdir, readdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/errors.ts";

/**
 * Who uses what the agent keeps, written on disk so that every process of the state folder knows it, also after a crash:
 * `STATE/uses/KIND-NAME/RUN`. A mark holds as long as the run is in the journal; the folder's time is the last use.
 *
 * A clean-up and a run that starts to use the same thing exclude each other without a lock on the fast path: the run makes
 * its mark and then looks for the sign of a removal, the clean-up makes its sign and then looks for marks. Whoever comes
 * second sees the other.
 */
export type KeptKind = "mirror" | "environment" | "image" | "cache";

export interface Kept {
  readonly kind: KeptKind;
  readonly name: string;
}

const root = (stateFolder: string): string => join(stateFolder, "uses");
const marksOf = (stateFolder: string, { kind, name }: Kept): string => join(root(stateFolder), `${kind}-${name}`);
const signOf = (stateFolder: string, kept: Kept): string => `${marksOf(stateFolder, kept)}.removing`;

/** Marks that a run uses it. False: a clean-up is at it (or died at it), so whether it is there is to be looked at under its lock. */
export async function markUse(stateFolder: string, kept: Kept, runId: string): Promise<boolean> {
  const folder = marksOf(stateFolder, kept);
  for (let tries = 1; ; tries++) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      await writeFile(join(folder, runId), "");
      break;
    } catch (error) {
      // A clean-up has taken the empty folder away in between.
      if (codeOf(error) !== "ENOENT" || tries >= 5) throw error;
    }
  }
  return !(await isThere(signOf(stateFolder, kept)));
}

/** At the end of a run: lets go of everything. */
export async function releaseUses(stateFolder: string, runId: string): Promise<void> {
  const names = await readdir(root(stateFolder)).catch(() => []);
  await Promise.all(names.map((name) => rm(join(root(stateFolder), name, runId), { force: true }).catch(() => undefined)));
}

/** Runs with a mark on it, dead ones included, and when it was last used (ms). */
export async function usesOf(stateFolder: string, kept: Kept): Promise<{ runs: string[]; lastUsedMs: number | undefined }> {
  const folder = marksOf(stateFolder, kept);
  const [runs, found] = await Promise.all([readdir(folder).catch(() => []), stat(folder).catch(() => undefined)]);
  return { runs, lastUsedMs: found?.mtimeMs };
}

/** The sign of a removal; to be made before the marks are looked at, and under the lock of whoever builds the thing. */
export async function announceRemoval(stateFolder: string, kept: Kept): Promise<void> {
  await mkdir(root(stateFolder), { recursive: true, mode: 0o700 });
  await writeFile(signOf(stateFolder, kept), "");
}

/** Takes the sign away; also by a builder that holds the lock, since then no clean-up is at it. */
export async function concludeRemoval(stateFolder: string, kept: Kept): Promise<void> {
  await rm(signOf(stateFolder, kept), { force: true });
}

/** Drops marks of runs that are no more; the folder goes when nobody uses the thing. */
export async function forgetUses(stateFolder: string, kept: Kept, dead: readonly string[]): Promise<void> {
  const folder = marksOf(stateFolder, kept);
  await Promise.all(dead.map((run) => rm(join(folder, run), { force: true })));
  await rmdir(folder).catch(() => undefined);
}

/** A run is alive as long as the journal knows it. */
export async function isLive(stateFolder: string, runId: string): Promise<boolean> {
  return await isThere(join(stateFolder, "journal", `${runId}.json`));
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
