import { constants } from "node:fs";
import { mkdir, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { codeOf, messageOf, WindlassError } from "./errors.ts";
import { newId } from "./ids.ts";

/**
 * Makes a folder that only its owner may enter (0700), with its parents. Step by step, since `mkdir` with `recursive` never
 * returns where the file system knows no new folders (/proc). Throws WindlassError with the system's code.
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  try {
    await makeFolder(resolve(path));
  } catch (error) {
    const hint = HINTS[codeOf(error) ?? ""];
    if (hint === undefined) throw error;
    throw new WindlassError(`the folder ${path} cannot be made (${messageOf(error)})`, { code: codeOf(error) ?? "", hint, cause: error });
  }
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: "Give another folder, or let this user write there.",
  EPERM: "Give another folder, or let this user write there.",
  EROFS: "Its file system is mounted read-only: give another folder.",
  ENOENT: "Its file system takes no new folders: give another one.",
  ENOTDIR: "A part of that path is a file: give another folder.",
  EEXIST: "There is a file of that name: give another folder.",
};

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" && !(await isFolder(dirname(path)))) {
      await makeFolder(dirname(path));
      return await makeFolder(path);
    }
    // Some file systems say EROFS or EACCES of a folder that is there.
    if (!(await isFolder(path))) throw error;
  }
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() === true;

/** Replaces a file as a whole: a reader, also after a power cut, finds the old content or the new. Mode 0600 by default. */
export async function writeFileDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${newId().slice(0, 8)}.tmp`;
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Makes the creation, renaming or removal of entries in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The file's text, or undefined if there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
