import { randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, systemClock } from "./clock.ts";
import { type DiskSpace, diskSpace } from "./disk-space.ts";
import { codeOf } from "./errors.ts";

/**
 * A file that is there to be given up: when the disk is full it is removed, and what must not be lost (exit codes,
 * the cursor of a console, the last lines) still finds room. It is made again when there is space. A small one beside it is
 * given up for a clean-up only: when everything else has been taken, that one still finds room for its locks and marks.
 */
const RESERVE_BYTES = 16 * 2 ** 20;
const PIECE_BYTES = 128 * 2 ** 10;
const CLEAN_UP_BYTES = 2 * PIECE_BYTES;
const reserveOf = (stateFolder: string): string => join(stateFolder, "reserve");
const cleanUpReserveOf = (stateFolder: string): string => join(stateFolder, "reserve-for-clean-up");

const sizeOn = ({ totalBytes }: DiskSpace): number => Math.min(RESERVE_BYTES, Math.floor(totalBytes / 50));
const hasRoom = (space: DiskSpace): boolean => space.freeBytes >= 4 * sizeOn(space);

/** Makes what is missing of the reserve if the disk has room for it many times over. Never throws. */
export async function keepReserve(stateFolder: string): Promise<void> {
  await keep(cleanUpReserveOf(stateFolder), stateFolder, () => CLEAN_UP_BYTES);
  await keep(reserveOf(stateFolder), stateFolder, sizeOn);
}

async function keep(path: string, stateFolder: string, bytesOn: (space: DiskSpace) => number): Promise<void> {
  try {
    if ((await stat(path).catch(() => undefined)) !== undefined) return;
    const space = await diskSpace(stateFolder);
    if (!hasRoom(space)) return;
    await fill(`${path}.new`, bytesOn(space));
    await rename(`${path}.new`, path);
  } catch {
    await rm(`${path}.new`, { force: true }).catch(() => undefined);
  }
}

/** Whether the disk was full a moment ago: what is free now is little more than the reserve that was given up. */
export async function isReserveUsed(stateFolder: string): Promise<boolean> {
  if ((await stat(reserveOf(stateFolder)).catch(() => undefined)) !== undefined) return false;
  return !hasRoom(await diskSpace(stateFolder));
}

/** Random bytes, since file systems that compress would keep zeros in no room at all. */
async function fill(path: string, bytes: number): Promise<void> {
  const piece = randomBytes(PIECE_BYTES);
  const file = await open(path, "w", 0o600);
  try {
    for (let written = 0; written < bytes; written += piece.length) await file.write(piece);
  } finally {
    await file.close();
  }
}

/** Gives the reserve up. */
export async function releaseReserve(stateFolder: string): Promise<void> {
  await rm(reserveOf(stateFolder), { force: true }).catch(() => undefined);
}

/** Gives all of it up, for a clean-up that makes room for more. */
export async function releaseForCleanUp(stateFolder: string): Promise<void> {
  await releaseReserve(stateFolder);
  await rm(cleanUpReserveOf(stateFolder), { force: true }).catch(() => undefined);
}

export const isNoSpace = (error: unknown): boolean => ["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "");

export interface SpaceOptions {
  /** How long to wait for room after the reserve did not suffice; for ever by default. */
  readonly withinMs?: number;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  /** Told once, when the disk is full. */
  readonly onFull?: (error: unknown) => void;
}

const LOOK_AGAIN_MS = 500;

/** Does `work`; on a full disk it gives the reserve up and tries again until there is room. Other errors are thrown as they are. */
export async function withReserve<T>(stateFolder: string, work: () => Promise<T>, options: SpaceOptions = {}): Promise<T> {
  return await untilRoom(work, options, () => releaseReserve(stateFolder));
}

/** Does `work` again and again while the disk is full. */
export async function untilRoom<T>(
  work: () => Promise<T>,
  options: SpaceOptions = {},
  makeRoom: () => Promise<void> = () => Promise.resolve(),
): Promise<T> {
  const clock = options.clock ?? systemClock;
  const deadline = clock.monotonic() + (options.withinMs ?? Number.POSITIVE_INFINITY);
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isNoSpace(error) || clock.monotonic() >= deadline) throw error;
      if (tries === 1) options.onFull?.(error);
      await makeRoom();
      if (tries > 1) await clock.sleep(LOOK_AGAIN_MS, options.signal);
    }
  }
}
