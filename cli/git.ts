import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs git in a folder and returns what it prints. */
export async function git(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const options = { maxBuffer: 256 * 2 ** 20, env: { ...process.env, ...env } };
  return (await run("git", ["-C", folder, ...args], options)).stdout;
}
