import { constants } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import Sqlite from "better-sqlite3";
import { WindlassError } from "../base/errors.ts";
import { ensurePrivateFolder, syncFolder } from "../base/files.ts";

/** What a copy of a data folder holds. */
export interface Backup {
  readonly databaseBytes: number;
  readonly files: number;
  readonly fileBytes: number;
}

/** Everything of a data folder but what belongs to the running server: its lock, its socket, uploads that are not whole. */
const DATABASE = "windlass.db";
const SETTINGS = ["identity.json", "clearml.conf", "web-login.json"];

/**
 * Copies a data folder into a new one, from which a server can be started as it is; the server may run meanwhile. The
 * database comes first, as it was at one moment: every file that it names was whole by then. The target appears under its
 * name only when it is complete. Throws WindlassError `no-data-folder` and `backup-exists`.
 */
export async function backUp(dataFolder: string, target: string, onProgress: (what: string) => void = () => undefined): Promise<Backup> {
  await requireDataFolder(dataFolder);
  await requireFree(target);
  const partial = `${resolve(target)}.partial`;
  await rm(partial, { recursive: true, force: true });
  await ensurePrivateFolder(partial);
  try {
    onProgress("database");
    const databaseBytes = await copyDatabase(join(dataFolder, DATABASE), join(partial, DATABASE));
    for (const name of SETTINGS) await copyIfThere(join(dataFolder, name), join(partial, name));
    const found = { files: 0, fileBytes: 0 };
    await copyFolder(join(dataFolder, "files"), join(partial, "files"), (bytes) => {
      found.files++;
      found.fileBytes += bytes;
      if (found.files % 1000 === 0) onProgress(`${found.files} files`);
    });
    await rename(partial, target);
    await syncFolder(dirname(resolve(target)));
    return { databaseBytes, ...found };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function requireDataFolder(folder: string): Promise<void> {
  if ((await stat(join(folder, DATABASE)).catch(() => undefined))?.isFile() === true) return;
  throw new WindlassError(`${folder} is no data folder of a server: it holds no ${DATABASE}`, {
    code: "no-data-folder",
    hint: "Name it with --data.",
  });
}

async function requireFree(target: string): Promise<void> {
  const there = await readdir(target).catch(() => undefined);
  if (there?.length === 0 || (there === undefined && (await lstat(target).catch(() => undefined)) === undefined)) return;
  throw new WindlassError(`${target} is there already`, {
    code: "backup-exists",
    hint: "Give a folder that is not there yet, with the date in its name, say.",
  });
}

/** By SQLite itself, in one reading: a consistent state, whatever is written meanwhile. */
async function copyDatabase(from: string, to: string): Promise<number> {
  const db = new Sqlite(from, { readonly: true });
  try {
    db.pragma("busy_timeout = 10000");
    db.prepare("VACUUM INTO ?").run(to);
  } finally {
    db.close();
  }
  await chmod(to, 0o600);
  return (await stat(to)).size;
}

/** A file of the file server never changes in place: it is replaced or removed as a whole, maybe just now. */
async function copyFolder(from: string, to: string, onFile: (bytes: number) => void): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyFolder(source, copy, onFile);
    else if (entry.isFile() && (await copyIfThere(source, copy))) onFile((await stat(copy)).size);
  }
}

async function copyIfThere(from: string, to: string): Promise<boolean> {
  if ((await stat(from).catch(() => undefined)) === undefined) return false;
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if ((await stat(from).catch(() => undefined)) !== undefined) throw error;
    await rm(to, { force: true });
    return false;
  }
}
