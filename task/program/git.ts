import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What git prints in a folder, without the line break at its end; undefined where it has no answer. */
export async function git(folder: string, ...args: readonly string[]): Promise<string | undefined> {
  const options = { maxBuffer: 64 * 2 ** 20, env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" }, timeout: 30_000 };
  return await run("git", ["-C", folder, ...args], options).then(
    ({ stdout }) => stdout.replace(/\n$/, ""),
    () => undefined,
  );
}
