import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { formatBytes } from "../base/units.ts";
import { git } from "./git.ts";
import { usageError } from "./report-error.ts";

/** What a checkout differs in from its commit, files included that git does not track yet but does not ignore either. */
export interface Changes {
  readonly diff: string;
  /** Untracked files that are in the diff. */
  readonly added: readonly string[];
}

/** A task document holds code, not data. */
const MOST_ADDED_BYTES = 2 * 2 ** 20;
/** Whatever the user's git configuration says, the diff has to be one that `git apply` takes. */
const DIFF = ["-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false", "diff", "--binary", "--no-color", "--no-ext-diff"];

export async function uncommittedChanges(root: string): Promise<Changes> {
  const listed = await git(root, ["ls-files", "--others", "--exclude-standard", "-z"]);
  const added = listed.split("\0").filter((name) => name !== "" && !name.endsWith("/"));
  await refuseTooMuch(root, added);
  const diff = (env?: Record<string, string>): Promise<string> => git(root, [...DIFF, "--no-textconv", "--submodule=diff", "HEAD"], env);
  return { added, diff: added.length === 0 ? await diff() : await withThem(root, added, diff) };
}

/** In a copy of the index, where they are "intended to be added": the user's own index is not touched. */
async function withThem<T>(root: string, added: readonly string[], work: (env: Record<string, string>) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-index-"));
  try {
    const index = resolve(root, (await git(root, ["rev-parse", "--git-path", "index"])).trim());
    const env = { GIT_INDEX_FILE: join(folder, "index") };
    await copyFile(index, env.GIT_INDEX_FILE).catch(() => undefined);
    await git(root, ["add", "--intent-to-add", "--", ...added.map((name) => `:(literal)${name}`)], env);
    return await work(env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refuseTooMuch(root: string, added: readonly string[]): Promise<void> {
  const sized = await Promise.all(
    added.map(async (name) => ({ name, size: (await stat(join(root, name)).catch(() => ({ size: 0 }))).size })),
  );
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  if (total <= MOST_ADDED_BYTES) return;
  const largest = sized.toSorted((a, b) => b.size - a.size).slice(0, 3);
  throw usageError(
    `${added.length} files that git does not track hold ${formatBytes(total)}; a task takes at most ${formatBytes(MOST_ADDED_BYTES)} of them along`,
    `Add them to .gitignore, or commit them. The largest: ${largest.map(({ name, size }) => `${name} (${formatBytes(size)})`).join(", ")}.`,
  );
}
