import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "..");

/** Packs Windlass, installs the tarball in an empty folder, and returns the command that starts it: what a user has. */
export async function packedCommand(): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-packed-"));
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT });
  const tarball = stdout.trim().split("\n").at(-1) ?? "";
  await writeFile(join(folder, "package.json"), '{"private": true}');
  await run("npm", ["install", "--silent", "--no-audit", "--no-fund", join(folder, tarball)], { cwd: folder });
  return [process.execPath, join(folder, "node_modules/windlass/dist/cli/main.js")];
}
