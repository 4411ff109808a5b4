import { join } from "node:path";
import { isNoSpace, withReserve } from "../base/disk-reserve.ts";
import { WindlassError } from "../base/errors.ts";
import { holdFileLock, removeDeadLocks } from "../base/file-lock.ts";
import { ensurePrivateFolder } from "../base/files.ts";
import type { Logger } from "../base/logger.ts";
import { agentIdOf } from "./agent-identity.ts";

/** Where locks lie: an agent that is killed leaves some, which maybe nobody would ever want again. */
const LOCKED = [".", "locks", "mirrors", "environments"];

/** One agent at a time per state folder; its random id is made once. */
export async function openStateFolder(folder: string, stack: AsyncDisposableStack, logger: Logger): Promise<string> {
  await ensurePrivateFolder(folder);
  const lock = await onFullDisk(folder, async () => await holdFileLock(join(folder, "agent.lock")));
  if (typeof lock === "number") {
    throw new WindlassError(`another agent (process ${lock}) uses the state folder ${folder}`, {
      code: "state-in-use",
      hint: "Stop it, or give this one a folder of its own with --state.",
    });
  }
  stack.defer(lock);
  for (const place of LOCKED) await removeDeadLocks(join(folder, place));
  return await onFullDisk(folder, async () => await agentIdOf(folder, logger));
}

/** An agent that cannot start cleans up nothing, and leaves its runs alone: the reserve is for that, too. */
async function onFullDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await withReserve(folder, work, { withinMs: 5_000 });
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    throw new WindlassError(`the disk of the state folder ${folder} is full`, {
      code: "state-disk-full",
      hint: "windlass gc (with the same --config or --state) removes what no run uses; else make room there. Runs that are under way go on meanwhile.",
      cause: error,
    });
  }
}
