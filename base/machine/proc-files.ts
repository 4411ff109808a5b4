import { readFile } from "node:fs/promises";

/** The kernel's text files, read whole; undefined where there is none (another system, a process that ended). */
export async function procText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

/** `Key: value kB` lines as bytes. */
export function kilobytesOf(text: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) * 1024;
}

/** Clock ticks a second of /proc figures: 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;
export const SECTOR_BYTES = 512;
