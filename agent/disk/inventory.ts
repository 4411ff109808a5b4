import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { aliveHolder } from "../../base/file-lock.ts";
import { sizesOf } from "../../base/folder-sizes.ts";
import type { EngineStore, StoredThing } from "../../runner/docker/engine-store.ts";
import { gitLeftovers } from "../../runner/source/git-leftovers.ts";
import { isLive, type Kept, usesOf } from "../../runner/uses.ts";
import type { Disk, KeptItem, Place } from "./kept-item.ts";

type FilePlace = Extract<Place, { on: "files" }>;
type Found = Omit<KeptItem, "bytes" | "disk" | "place"> & { readonly place: FilePlace };

/** Names inside the state folder that a clean-up moves things to before it removes them. */
export const TRASH = "trash";

/** Everything that the agent of this state folder keeps and could do without, on both disks. */
export async function inventory(stateFolder: string, store: EngineStore | undefined, engineDisk: Disk): Promise<KeptItem[]> {
  const found = (await Promise.all([trash, trials, runs, environments, mirrors, caches].map((kind) => kind(stateFolder)))).flat();
  const sizes = await sizesOf(found.map(({ place }) => place.path));
  const files = found.map((item): KeptItem => ({ ...item, bytes: sizes.get(item.place.path) ?? 0, disk: "state" }));
  const things = await Promise.all(((await store?.list()) ?? []).map((thing) => storedItem(stateFolder, thing, engineDisk)));
  return [...files, ...things];
}

/** What an earlier clean-up moved aside and did not get to remove. */
async function trash(stateFolder: string): Promise<Found[]> {
  const names = await readdir(join(stateFolder, TRASH)).catch(() => []);
  return await Promise.all(
    names.map((name) => leftover("of an interrupted clean-up", { on: "files", path: join(stateFolder, TRASH, name) })),
  );
}

/** What a `windlass doctor` that was killed left of its empty run; one that lives holds the lock. */
async function trials(stateFolder: string): Promise<Found[]> {
  const names = (await readdir(stateFolder).catch(() => [])).filter((name) => /^doctor-[0-9a-f]{8}$/.test(name));
  return await Promise.all(
    names.map(async (name): Promise<Found> => {
      const path = join(stateFolder, name);
      const lock = `${path}.lock`;
      const found = await leftover("of a windlass doctor that was killed", { on: "files", path, lock });
      return { ...found, inUse: (await aliveHolder(lock)) !== undefined };
    }),
  );
}

async function runs(stateFolder: string): Promise<Found[]> {
  const folder = join(stateFolder, "runs");
  const ids = await readdir(folder).catch(() => []);
  return await Promise.all(
    ids.map(async (run): Promise<Found> => {
      const path = join(folder, run);
      const [text, lastUsedMs] = await Promise.all([
        readFile(join(path, "task"), "utf8").catch(() => undefined),
        timeOf(join(path, "console.log"), path),
      ]);
      const name = text === undefined ? `run ${run}` : `console of ${text.trim()}`;
      return { kind: "run", name, lastUsedMs, inUse: await isLive(stateFolder, run), place: { on: "files", path, run } };
    }),
  );
}

async function environments(stateFolder: string): Promise<Found[]> {
  const folder = join(stateFolder, "environments");
  const keys = await foldersIn(folder);
  return await Promise.all(
    keys.map(async (name): Promise<Found> => {
      const path = join(folder, name);
      const place: FilePlace = { on: "files", path, lock: `${path}.lock`, kept: { kind: "environment", name } };
      const ready = await stat(join(path, "READY")).catch(() => undefined);
      if (ready === undefined) return await leftover("of an environment that was not finished", place);
      return { kind: "environment", name: await requirementsIn(path), ...(await useOf(stateFolder, place.kept, ready.mtimeMs)), place };
    }),
  );
}

async function mirrors(stateFolder: string): Promise<Found[]> {
  const folder = join(stateFolder, "mirrors");
  const names = (await foldersIn(folder)).filter((name) => name.endsWith(".git"));
  const found = await Promise.all(
    names.map(async (base): Promise<Found[]> => {
      const path = join(folder, base);
      const name = base.slice(0, -".git".length);
      const place: FilePlace = { on: "files", path, lock: join(folder, `${name}.lock`), kept: { kind: "mirror", name } };
      if ((await stat(join(path, "windlass-ready")).catch(() => undefined)) === undefined)
        return [await leftover("of a repository that was not fetched", place)];
      const pieces = await gitLeftovers(path);
      const url = await readFile(join(path, "description"), "utf8").catch(() => `repository ${name}`);
      const use = await useOf(stateFolder, place.kept, await timeOf(join(path, "FETCH_HEAD"), path));
      const rest = pieces.map((piece) =>
        leftover("of an interrupted fetch", { on: "files", path: piece, lock: `${path.slice(0, -".git".length)}.lock` }),
      );
      return [{ kind: "mirror", name: url.trim(), ...use, place }, ...(await Promise.all(rest))];
    }),
  );
  return found.flat();
}

async function caches(stateFolder: string): Promise<Found[]> {
  const folder = join(stateFolder, "caches");
  return await Promise.all(
    (await foldersIn(folder)).map(async (name): Promise<Found> => {
      const place: FilePlace = { on: "files", path: join(folder, name), kept: { kind: "cache", name } };
      return {
        kind: "cache",
        name: `packages that ${name} downloaded`,
        ...(await useOf(stateFolder, place.kept, await timeOf(place.path))),
        place,
      };
    }),
  );
}

async function storedItem(stateFolder: string, thing: StoredThing, disk: Disk): Promise<KeptItem> {
  const { about: name, bytes } = thing;
  if (thing.kind === "build-cache")
    return { kind: "cache", name, bytes, lastUsedMs: thing.lastUsedMs, inUse: thing.inUse, disk, place: { on: "engine", thing } };
  const kept: Kept = { kind: "image", name: thing.name };
  const use = await useOf(stateFolder, kept, thing.lastUsedMs);
  const lock = join(stateFolder, "locks", `${thing.name}.lock`);
  return { kind: "image", name, bytes, ...use, inUse: use.inUse || thing.inUse, disk, place: { on: "engine", thing, lock, kept } };
}

async function useOf(stateFolder: string, kept: Kept | undefined, otherwiseMs: number): Promise<{ lastUsedMs: number; inUse: boolean }> {
  if (kept === undefined) return { lastUsedMs: otherwiseMs, inUse: false };
  const { runs: marked, lastUsedMs } = await usesOf(stateFolder, kept);
  const live = await Promise.all(marked.map((run) => isLive(stateFolder, run)));
  return { lastUsedMs: Math.max(lastUsedMs ?? 0, otherwiseMs), inUse: live.includes(true) };
}

async function leftover(what: string, place: FilePlace): Promise<Found> {
  return { kind: "leftover", name: what, lastUsedMs: await timeOf(place.path), inUse: false, place };
}

/** The first requirements of a virtual environment. */
async function requirementsIn(path: string): Promise<string> {
  const text = await readFile(join(path, "requested/windlass-requirements.txt"), "utf8").catch(() => undefined);
  const lines = (text ?? "").split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) return "requirements of a repository";
  return `${lines.slice(0, 3).join(" + ")}${lines.length > 3 ? ` + ${lines.length - 3} more` : ""}`.slice(0, 200);
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function timeOf(...paths: readonly string[]): Promise<number> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) return found.mtimeMs;
  }
  return 0;
}

/** Whether runs of this state folder ever used an image that was built for them. */
export async function imagesWereUsed(stateFolder: string): Promise<boolean> {
  const names = await readdir(join(stateFolder, "uses")).catch(() => []);
  return names.some((name) => name.startsWith("image-"));
}
