import { join } from "node:path";
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
  const lock = await holdFileLock(join(folder, "agent.lock"));
  if (typeof lock === "number") {
    throw new WindlassError(`another agent (process ${lock}) uses the state folder ${folder}`, {
      code: "state-in-use",
      hint: "Stop it, or give this one a folder of its own with --state.",
    });
  }
  stack.defer(lock);
  for (const place of LOCKED) await removeDeadLocks(join(folder, place));
  return await agentIdOf(folder, logger);
}
