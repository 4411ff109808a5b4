import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HOUR_MS } from "../../base/clock.ts";
import { readIfThere } from "../../base/files.ts";
import { currentBootId, identityOf, isAlive, type ProcessIdentity } from "../../base/process-identity.ts";
import type { RunContext } from "../engine.ts";
import { membersOf } from "./descendants.ts";

export const exitFileOf = (context: RunContext): string => join(context.folder, "exit");
export const pidFileOf = (context: RunContext): string => join(context.folder, "pid");
/** A copy of what counted the kills for memory. */
export const memoryFileOf = (context: RunContext): string => join(context.folder, "exit.memory");

/** How long a wrapper that was just started may take to write its pid. */
const STARTS_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 500;
/** Where changes are told. */
const LONGEST_MS = HOUR_MS;

/** A program of this run that nobody wrote down: its pid file says that it was started; undefined: it never was. */
export async function findProgram(context: RunContext): Promise<ProcessIdentity | undefined> {
  for (const deadline = performance.now() + STARTS_WITHIN_MS; ; await pause(20)) {
    const text = await readIfThere(pidFileOf(context));
    const marked = (await membersOf(context.runId)).map(({ pid }) => pid);
    if (text !== undefined) return await identityFrom(Number(text.trim()), marked);
    if (marked.length === 0 || performance.now() > deadline) return undefined;
  }
}

/** A pid is used again: only a process with the run's mark is the program; any other is a stranger, and the program is gone. */
async function identityFrom(pid: number, marked: readonly number[]): Promise<ProcessIdentity> {
  const identity = marked.includes(pid) ? await identityOf(pid) : undefined;
  return identity ?? { pid, startTime: "gone", bootId: await currentBootId() };
}

const LEFT_BEHIND_AFTER_MS = 100;

/**
 * The program has ended, but something that it left behind still holds its output: the wrapper waits for that. `over`: the
 * wrapper has ended, nobody waits any more.
 */
export async function untilLeftBehind(exitFile: string, over: AbortSignal): Promise<undefined> {
  const seen = new AbortController();
  const either = AbortSignal.any([seen.signal, over]);
  const watcher = tryWatch(dirname(exitFile), (name) => (name === basename(exitFile) ? seen.abort() : undefined));
  const everyMs = watcher === undefined ? LOOK_EVERY_MS : LONGEST_MS;
  while (!either.aborted && (await readIfThere(exitFile)) === undefined)
    await pause(everyMs, undefined, { signal: either, ref: false }).catch(() => undefined);
  watcher?.close();
  await pause(LEFT_BEHIND_AFTER_MS);
  return undefined;
}

/** The end of a process that is not our child: its exit file appears, or it is gone. */
export async function untilGone(identity: ProcessIdentity, exitFile: string): Promise<undefined> {
  const halt = new AbortController();
  const watcher = tryWatch(dirname(exitFile), () => halt.abort());
  try {
    while ((await readIfThere(exitFile)) === undefined && (await isAlive(identity))) {
      await pause(LOOK_EVERY_MS, undefined, { signal: halt.signal }).catch(() => undefined);
      if (halt.signal.aborted) await pause(LOOK_EVERY_MS / 5);
    }
  } finally {
    watcher?.close();
  }
  return undefined;
}

/** A machine has only so many watches, and others may hold them all: then a look now and then has to do. */
function tryWatch(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, (_event, name) => onChange(name)).on("error", () => undefined);
  } catch {
    return undefined;
  }
}
