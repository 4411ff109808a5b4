import { posix } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../../base/errors.ts";
import { statusOf } from "./connection.ts";

/** The command of a container is in no folder of its PATH, or not where its path says. */
class MissingCommand extends Error {
  constructor(command: string) {
    super(`"${command}" is not there`);
  }
}

/** The engine's own answer to it comes at the start: 400 or 404. */
export function isMissingCommand(error: unknown): boolean {
  if (error instanceof MissingCommand) return true;
  return [400, 404].includes(statusOf(error) ?? 0) && /executable file not found|no such file or directory/i.test(messageOf(error));
}

/** What the engine takes where a container sets no PATH. */
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * With docker's init the engine starts that init, and says nothing of a command that the init then does not find: it is looked
 * for before the start. Throws what `isMissingCommand` knows.
 */
export async function checkCommand(container: Docker.Container): Promise<void> {
  const { Config, HostConfig, Path } = await container.inspect();
  if (HostConfig.Init !== true) return;
  const path = (Config.Env ?? []).find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? USUAL_PATH;
  const folders = Path.includes("/") ? [""] : path.split(":");
  const places = folders.map((folder) => posix.resolve("/", Config.WorkingDir, folder, Path));
  const found = await Promise.all(places.map((place) => isThere(container, place)));
  if (!found.includes(true)) throw new MissingCommand(Path);
}

/** Where the engine cannot look, its start has the word. */
async function isThere(container: Docker.Container, path: string): Promise<boolean> {
  try {
    (await container.infoArchive({ path })).resume();
    return true;
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return statusOf(error) !== 404;
  }
}
