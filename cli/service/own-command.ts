import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The command that starts this very installation from anywhere: a service has no shell, no PATH of its user and no current
 * folder. A checkout starts by its own script, which chooses the Node; a package, global or local, by the Node that runs
 * now, since its first line (`env node`) needs a PATH.
 */
export function ownCommand(here = import.meta.url, node = process.execPath): string[] {
  const path = fileURLToPath(here);
  return path.endsWith(".ts") ? [resolve(path, "../../../bin/windlass")] : [node, resolve(path, "../../main.js")];
}
