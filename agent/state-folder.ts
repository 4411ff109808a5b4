import { join } from "node:path";
import { WindlassError } from "../base/errors.ts";
import { holdFileLock, removeDeadLocks } from "../base/file-lock.ts";

<<<<<<< HEAD

import { ensurePrivateFolder, readIfThere, writeFileDurably } from "../base/files.ts";
import { newId } from "../base/ids.ts";

=======

import { ensurePrivateFolder } from "../base/files.ts";
import type { Logger } from "../base/logger.ts";
import { agentIdOf } from "./agent-identity.ts";

>>>>>>> adoption

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
<<<<<<< HEAD
  return await agentIdOf(folder);
}

/** The random id of a state folder; on every label. */
export async function agentIdOf(folder: string): Promise<string> {
  const path = join(folder, "agent.json");
  const known = idIn((await readIfThere(path)) ?? "");
  if (known !== undefined) return known;
  const id = newId();
  await writeFileDurably(path, JSON.stringify({ id }));
  return id;
=======
  return await agentIdOf(folder, logger);
>>>>>>> adoption
}

/** Undefined: the file is not there, or a power cut left it torn. */
function idIn(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === "string" && id !== "" ? id : undefined;
  } catch {
    return undefined;
  }
}
