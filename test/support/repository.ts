import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Repository {
  /** A plain path, which git takes as a URL. */
  readonly url: string;
  readonly commit: string;
}

/** A real git repository with one commit that holds these files. */
export async function makeRepository(files: Readonly<Record<string, string>>, parent = tmpdir()): Promise<Repository> {
  const folder = await mkdtemp(join(parent, "windlass-repo-"));
  await git(folder, "init", "-q", "-b", "main");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
    if (name.endsWith(".sh")) await chmod(join(folder, name), 0o755);
  }
  return { url: folder, commit: await commitAll(folder, "first") };
}

export async function commitAll(folder: string, message: string): Promise<string> {
  await git(folder, "add", "-A");
  await git(folder, "-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-q", "--allow-empty", "-m", message);
  return (await git(folder, "rev-parse", "HEAD")).trim();
}

export async function git(folder: string, ...args: string[]): Promise<string> {
  return (await run("git", ["-C", folder, ...args])).stdout;
}
