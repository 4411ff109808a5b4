import { stat, statfs } from "node:fs/promises";

/** How much room a file system has. */
export interface DiskSpace {
  /** What this user may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** No more files can be made, whatever room there is. */
  readonly outOfInodes: boolean;
}

export async function diskSpace(path: string): Promise<DiskSpace> {
  const { bsize, bavail, blocks, files, ffree } = await statfs(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, outOfInodes: files > 0 && ffree === 0 };
}

/** Less than this is as good as nothing: the next write of any size fails. */
const FULL_BYTES = 4 * 2 ** 20;

export const isFull = (space: DiskSpace): boolean => space.outOfInodes || space.freeBytes < Math.min(FULL_BYTES, space.totalBytes / 50);

/** Whether both paths lie on one file system. */
export async function onSameDisk(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)]);
  return one.dev === other.dev;
}
