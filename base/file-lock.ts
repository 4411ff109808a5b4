import { link, readdir, readFile, readlink, rename, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { type AliveSocket, aliveSocketAnswers, openAliveSocket } from "./alive-socket.ts";
import { type Clock, systemClock } from "./clock.ts";
import { codeOf } from "./errors.ts";
import { newId } from "./ids.ts";
import { currentBootId, identityOf, isAlive, type ProcessIdentity } from "./process-identity.ts";

/**
 * A lock between processes that share a folder (the daemon and a `windlass execute` beside it). The lock is a file that
 * names its owner; it is taken by `link`, which lets exactly one succeed, and a lock whose owner is dead is taken over. An owner in
 * another container of this machine is judged by its socket.
 */
interface Owner extends ProcessIdentity {
  readonly host: string;
  readonly token: string;
  /** In which processes are numbered; empty where there are no such spaces. */
  readonly pidSpace?: string;
  /** It has a socket beside the lock. */
  readonly hasSocket?: boolean;
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
  const candidate = await newCandidate(path);
  const clock = options.clock ?? systemClock;
  try {
    for (let told = false; !(await tryTake(path, candidate.owner)); ) {
      const holder = await holderOf(path);
      if (holder !== undefined && !(await holds(path, holder))) await breakLock(path, holder);
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
  } finally {
    await candidate.socket?.close();
  }
}

/** Takes the lock for as long as the process wants it; when somebody alive holds it, the answer is that pid. */
export async function holdFileLock(path: string): Promise<(() => Promise<void>) | number> {
  const { owner, socket } = await newCandidate(path);
  const release = async (): Promise<void> => {
    await unlink(path).catch(() => undefined);
    await socket?.close();
  };
  for (;;) {
    if (await tryTake(path, owner)) return release;
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (await holds(path, holder)) {
      await socket?.close();
      return holder.pid;
    }
    await breakLock(path, holder);
  }
}

/** The process that holds the lock, if it is alive; nothing is taken. */
export async function aliveHolder(path: string): Promise<number | undefined> {
  const holder = await holderOf(path);
  return holder !== undefined && (await holds(path, holder)) ? holder.pid : undefined;
}

/** Clears away what processes left in this folder that were killed with a lock, or while they took or broke one. */
export async function removeDeadLocks(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [, lock] = /^(.+\.lock)(?:\.[0-9a-f]{32}(?:\.dead)?)?$/.exec(name) ?? [];
    if (lock !== undefined) await removeIfDead(join(folder, name), join(folder, lock));
  }
}

/** `path`: the lock itself, or a file beside it, which may be without an owner because somebody alive is writing it. */
async function removeIfDead(path: string, lock: string): Promise<void> {
  const owner = await holderOf(path).catch(() => undefined);
  const isBeingWritten = path !== lock && owner?.token === "";
  if (owner === undefined || isBeingWritten || (await holds(lock, owner))) return;
  if (path === lock) await breakLock(lock, owner);
  else await unlink(path).catch(() => undefined);
}

interface Candidate {
  readonly owner: Owner;
  readonly socket: AliveSocket | undefined;
}

async function newCandidate(path: string): Promise<Candidate> {
  const identity = await identityOf(process.pid);
  const token = newId();
  const socket = await openAliveSocket(socketOf(path, token));
  const where = { host: hostname(), pidSpace: await pidSpace(), token, hasSocket: socket !== undefined };
  return { owner: { ...(identity ?? { pid: process.pid, startTime: "", bootId: "" }), ...where }, socket };
}

/** Short, since a socket's path is. */
const socketOf = (path: string, token: string): string => join(dirname(path), `.${token}.alive`);

async function pidSpace(): Promise<string> {
  return await readlink("/proc/self/ns/pid").catch(() => "");
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
    return ownerIn(await readFile(path, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A file that a power cut left empty or torn was nobody's: it reads as the lock of a process that is dead. */
function ownerIn(text: string): Owner {
  const nobody: Owner = { pid: 0, startTime: "", bootId: "", host: hostname(), token: "" };
  try {
    const owner = JSON.parse(text) as Owner | null;
    return typeof owner?.token === "string" ? owner : nobody;
  } catch {
    return nobody;
  }
}

/**
 * Whether the holder lives. Names of hosts say nothing about containers: one may have the host's, and its successor another.
 * A holder on another machine (a shared folder) cannot be looked at and is believed.
 */
async function holds(path: string, holder: Owner): Promise<boolean> {
  const isVisible = (holder.pidSpace ?? "") === "" || holder.pidSpace === (await pidSpace());
  if (holder.bootId !== (await currentBootId())) return holder.host !== hostname();
  if (isVisible) return await isAlive(holder);
  return holder.hasSocket !== true || (await aliveSocketAnswers(socketOf(path, holder.token)));
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
  const moved = await holderOf(aside);
  if (moved === undefined) return;
  if (moved.token !== dead.token) await link(aside, path).catch(() => undefined);
  else await unlink(socketOf(path, dead.token)).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}
