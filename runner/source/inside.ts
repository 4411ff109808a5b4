import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import type { OutcomeCause } from "../outcome.ts";
import { RunError } from "../run-error.ts";

/** Refuses a path of a task document that leads out of the workspace, symbolic links followed. */
export async function insideOf(
  workspace: string,
  path: string,
  what: string,
  cause: OutcomeCause = "failed/source-entry-point",
): Promise<void> {
  const [root, real] = await Promise.all([realpath(workspace), realpath(path).catch(() => undefined)]);
  if (real === undefined) throw new RunError(cause, `${what} is not there: ${path.slice(workspace.length + 1)}`);
  if (real === root || real.startsWith(root + sep)) return;
  throw new RunError(cause, `${what} leads out of the workspace`, {
    hint: "Paths of a task are relative to its repository.",
  });
}
