import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type Clock, systemClock } from "./clock.ts";
import { codeOf } from "./errors.ts";
import { newId } from "./ids.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";

/**
 * A lock between processes that share a folder (the daemon and a `windlass execute` beside it). The lock is a file that
 * names its owner; it is taken by `link`, which lets exactly one succeed, and a lock whose owner is dead is taken over.
 */
interface Owner extends ProcessIdentity {
  readonly host: string;
  readonly token: string;
}

export interface FileLockOptions {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  /** Told once when the lock has to be waited for, with the pid that holds it. */
  readonly onWait?: (pid: number) => void;
}

const LOOK_AGAIN_MS = 50;

/** Runs `work` while holding the lock file at `path`; waits until it is free. Not re-entrant. */
export async function withFileLock<T>(path: string, work: () => Promise<T>, options: FileLockOptions = {}): Promise<T> {
  const owner = await thisOwner();
  const clock = options.clock ?? systemClock;
  for (let told = false; !(await tryTake(path, owner)); ) {
    const holder = await holderOf(path);
    if (holder !== undefined && !(await holds(holder))) await breakLock(path, holder);
    else {
      if (!told && holder !== undefined) options.onWait?.(holder.pid);
      told = true;
      await clock.sleep(LOOK_AGAIN_MS, options.signal);
    }
  }
  try {
    return await work();
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

/** Takes the lock for as long as the process wants it; when somebody alive holds it, the answer is that pid. */
export async function holdFileLock(path: string): Promise<(() => Promise<void>) | number> {
  const owner = await thisOwner();
  for (;;) {
    if (await tryTake(path, owner)) return () => unlink(path).catch(() => undefined);
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (await holds(holder)) return holder.pid;
    await breakLock(path, holder);
  }
}

async function thisOwner(): Promise<Owner> {
  const identity = await identityOf(process.pid);
  return { ...(identity ?? { pid: process.pid, startTime: "", bootId: "" }), host: hostname(), token: newId() };
}

async function tryTake(path: string, owner: Owner): Promise<boolean> {
  const proposal = `${path}.${owner.token}`;
  try {
    await writeFile(proposal, JSON.stringify(owner), { mode: 0o600 });
    await link(proposal, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(proposal).catch(() => undefined);
  }
}

async function holderOf(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Owner;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A holder on another host (a shared folder) cannot be looked at and is believed. */
async function holds(holder: Owner): Promise<boolean> {
  return holder.host !== hostname() || (await isAlive(holder));
}

/** Of several that find the same dead owner, one moves the file away; a lock taken meanwhile is put back. */
async function breakLock(path: string, dead: Owner): Promise<void> {
  const aside = `${path}.${newId()}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const moved = JSON.parse(await readFile(aside, "utf8")) as Owner;
  if (moved.token !== dead.token) await link(aside, path).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}
