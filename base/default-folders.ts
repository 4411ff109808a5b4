import { homedir } from "node:os";
import { join } from "node:path";

/** Where the embedded server keeps its data when nobody says otherwise. */
export function defaultDataFolder(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_DATA_HOME"] || join(homedir(), ".local/share"), "windlass");
}
