import { link, readdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { type AliveSocket, aliveSocketAnswers, aliveSocketIsSilent, openAliveSocket } from "./alive-socket.ts";
import { type Clock, systemClock } from "./clock.ts";
import { codeOf } from "./errors.ts";
import { newId } from "./ids.ts";
import { currentBootId, identityOf, isAlive, type ProcessIdentity, pidSpace } from "./process-identity.ts";
import { mayBeShared } from "./shared-file-system.ts";

/**
 * A lock between processes that share a folder (the daemon and a `windlass execute` beside it). The lock is a file that
 * names its owner, taken by `link`, which lets exactly one succeed. Two may remove it, and never both: its owner while it
 * lives, and, once that is dead, whoever holds the right to break the lock of this owner, which is a lock of its own. So a
 * remover always removes the file that it looked at. An owner in another container of this machine is judged by its socket.
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
/** What was made within this time may still be in the making. */
const YOUNG_MS = 60_000;

/** Runs `work` while holding the lock file at `path`; waits until it is free. Not re-entrant. */
export async function withFileLock<T>(path: string, work: () => Promise<T>, options: FileLockOptions = {}): Promise<T> {
  const candidate = await newCandidate(path);
  try {
    await takeInTurn(path, candidate.owner, options);
    return await work().finally(() => release(path, candidate.owner));
  } finally {
    await candidate.socket?.close();
  }
}

/** Takes the lock for as long as the process wants it; when somebody alive holds it, the answer is that pid. */
export async function holdFileLock(path: string): Promise<(() => Promise<void>) | number> {
  const { owner, socket } = await newCandidate(path);
  let isOurs = false;
  try {
    const holder = await takeUnlessHeld(path, owner, {});
    if (holder !== undefined) return holder.pid;
    isOurs = true;
  } finally {
    if (!isOurs) await socket?.close();
  }
  return async () => {
    await release(path, owner);
    await socket?.close();
  };
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
    const [, lock] = /^(.+\.(?:lock|breaking))(?:\.[0-9a-f]{32})?$/.exec(name) ?? [];
    if (lock !== undefined) await removeIfDead(join(folder, name), join(folder, lock));
    else if (/^\.[0-9a-f]{32}\.alive$/.test(name)) await removeIfSilent(join(folder, name));
  }
}

/** A socket of somebody who was killed while he waited for a lock. A young one may be about to listen. */
async function removeIfSilent(socket: string): Promise<void> {
  if ((await isYoung(socket)) || (await aliveSocketAnswers(socket))) return;
  await unlink(socket).catch(() => undefined);
}

const isYoung = async (path: string): Promise<boolean> =>
  await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < YOUNG_MS,
    () => true,
  );

/** `path`: the lock itself, or a file beside it, which may be without an owner because somebody alive is writing it. */
async function removeIfDead(path: string, lock: string): Promise<void> {
  const owner = await holderOf(path).catch(() => undefined);
  const isBeingWritten = path !== lock && owner?.token === "" && (await isYoung(path));
  if (owner === undefined || isBeingWritten || (await holds(lock, owner))) return;
  if (path === lock) await breakLock(lock, owner, {});
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

async function takeInTurn(path: string, owner: Owner, options: FileLockOptions): Promise<void> {
  for (let told = false; ; told = true) {
    const holder = await takeUnlessHeld(path, owner, options);
    if (holder === undefined) return;
    if (!told) options.onWait?.(holder.pid);
    await (options.clock ?? systemClock).sleep(LOOK_AGAIN_MS, options.signal);
  }
}

/** Undefined: it is ours; else who holds it, alive. */
async function takeUnlessHeld(path: string, owner: Owner, options: FileLockOptions): Promise<Owner | undefined> {
  while (!(await tryTake(path, owner))) {
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (await holds(path, holder)) return holder;
    await breakLock(path, holder, options);
  }
  return undefined;
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
 * A holder on another machine cannot be looked at and is believed, where the folder may be shared with another machine at all;
 * on a disk of this one another boot is over.
 */
async function holds(path: string, holder: Owner): Promise<boolean> {
  const isVisible = (holder.pidSpace ?? "") === "" || holder.pidSpace === (await pidSpace());
  if (holder.bootId !== (await currentBootId())) return holder.host !== hostname() && (await mayBeShared(dirname(path)));
  const socket = socketOf(path, holder.token);
  // A copy of a folder brings locks whose owners live, and hold the ones that were copied: their sockets do not come along.
  if (isVisible) return (await isAlive(holder)) && !(holder.hasSocket === true && (await aliveSocketIsSilent(socket)));
  return holder.hasSocket !== true || (await aliveSocketAnswers(socket));
}

/**
 * Of several that find the same dead owner one at a time looks again, and removes the lock if it is still that owner's:
 * meanwhile nobody else may. Who is killed at it leaves a lock with a dead owner, which is broken in the same way.
 */
async function breakLock(path: string, dead: Owner, { onWait: _, ...options }: FileLockOptions): Promise<void> {
  const remove = async (): Promise<void> => {
    await removeIfOf(path, dead);
    if (dead.token !== "") await unlink(socketOf(path, dead.token)).catch(() => undefined);
  };
  await withFileLock(breakRightOf(path, dead), remove, options);
}

/** Owners have names of their own, so that the name of a right to break a right is no longer; a torn file has none. */
function breakRightOf(path: string, { token }: Owner): string {
  return token === "" ? `${path}.breaking` : join(dirname(path), `.${token}.breaking`);
}

/** A lock that cannot be read (no more files may be opened) is let go all the same: its owner lives, nobody else removes it. */
async function release(path: string, owner: Owner): Promise<void> {
  const holder = await holderOf(path).catch(() => owner);
  if (holder?.token === owner.token) await unlink(path).catch(() => undefined);
}

/** Only for the owner, or with the right to break its lock. */
async function removeIfOf(path: string, owner: Owner): Promise<void> {
  if ((await holderOf(path))?.token === owner.token) await unlink(path);
}
