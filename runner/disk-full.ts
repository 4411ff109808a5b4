import { open } from "node:fs/promises";
import { isReserveUsed, releaseReserve } from "../base/disk-reserve.ts";
import { type DiskSpace, diskSpace, isFull } from "../base/disk-space.ts";
import { formatBytes } from "../base/units.ts";
import type { Engine, RunContext } from "./engine.ts";
import type { Outcome, OutcomeCause } from "./outcome.ts";
import { removeLeftovers } from "./run-cleanup.ts";

/** Ends that a full disk may be the reason of: the program went wrong, nobody stopped it. */
const SUSPECT: readonly OutcomeCause[] = ["failed/exit-code", "failed/signal", "lost/killed"];
const NO_SPACE = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;
/** A program that swallows the errors of its own output ends well, and nobody else knows of them. */
const CUT = "The disk was full when the program ended: what it printed last may be missing here.";
const TAIL_BYTES = 16 * 1024;

/**
 * A program that went wrong on a full disk failed for that and not for its exit code. What the run wrote is removed here
 * already, and the reserve is given up, so that its last lines, its exit code and its console still find room. Never throws.
 */
export async function judgeDisk(outcome: Outcome, context: RunContext, engine: () => Promise<Engine>): Promise<Outcome> {
  const space = await diskSpace(context.folder).catch(() => undefined);
  const full = outcome.cause === "failed/disk-full" || (space !== undefined && (await isOrWasFull(space, context)));
  const judged = await judge(outcome, context, space, full).catch(() => outcome);
  if (full) await makeRoom(context, engine);
  return judged;
}

/** Whoever met the full disk first gave the reserve up: there is a little room again when the program has ended. */
async function isOrWasFull(space: DiskSpace, { stateFolder }: RunContext): Promise<boolean> {
  return isFull(space) || (await isReserveUsed(stateFolder).catch(() => false));
}

async function judge(outcome: Outcome, context: RunContext, space: DiskSpace | undefined, full: boolean): Promise<Outcome> {
  if (outcome.cause === "completed" && full) return { ...outcome, hint: CUT };
  if (!SUSPECT.includes(outcome.cause) || space === undefined) return outcome;
  const said = await saysNoSpace(context.console.path);
  if (full || (said && isScarce(space))) return diskFull(outcome, space);
  if (!said) return outcome;
  const hint = `Its last lines speak of a full disk, but ${formatBytes(space.freeBytes)} are free where it ran: was it /dev/shm (--shm-size in the container's arguments), /tmp, or a mount of its own?`;
  return { ...outcome, hint };
}

function diskFull(outcome: Outcome, space: DiskSpace): Outcome {
  const room = space.outOfInodes ? "no more files can be made" : `${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} free`;
  const { exitCode } = outcome;
  const how = exitCode === undefined || outcome.cause === "lost/killed" ? outcome.message : `the program ended with exit code ${exitCode}`;
  return {
    ...outcome,
    cause: "failed/disk-full",
    message: `${how} on a full disk (${room})`,
    hint: "Let it write less, or give the agent's state folder a larger disk.",
    retryable: false,
  };
}

/** A program that asks for a large piece at once is refused while a little is left, and the end of a program frees its open files. */
const isScarce = (space: DiskSpace): boolean => space.freeBytes < Math.min(2 ** 30, space.totalBytes / 10);

async function saysNoSpace(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    return NO_SPACE.test(buffer.toString("latin1"));
  } finally {
    await file.close();
  }
}

async function makeRoom(context: RunContext, engine: () => Promise<Engine>): Promise<void> {
  await releaseReserve(context.stateFolder);
  await removeLeftovers(context, engine).catch(() => undefined);
}
