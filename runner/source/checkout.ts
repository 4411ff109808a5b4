import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../engine.ts";
import { RunError } from "../run-error.ts";
import { type GitCall, git } from "./git.ts";
import { GitError } from "./git-failures.ts";
import type { Fetched } from "./mirror.ts";

/**
 * A workspace that borrows its objects from the mirror: a `.git` of its own, written by hand since every git process
 * costs, and one `read-tree` that puts the files there. The mirror holds a ref for the run, so that no clean-up takes
 * its objects.
 */
export async function checkOut(fetched: Fetched, url: string, workspace: string, context: RunContext): Promise<void> {
  const dotGit = join(workspace, ".git");
  await Promise.all([mkdir(join(dotGit, "objects/info"), { recursive: true }), mkdir(join(dotGit, "refs/heads"), { recursive: true })]);
  await Promise.all([
    writeFile(join(dotGit, "HEAD"), `${fetched.commit}\n`),
    writeFile(join(dotGit, "objects/info/alternates"), `${join(fetched.mirror, "objects")}\n`),
    writeFile(join(dotGit, "config"), `[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote "origin"]\n\turl = ${quoted(url)}\n`),
    holdCommit(fetched, context.runId),
  ]);
  const call: GitCall = { settings: context.settings, signal: context.signal };
  try {
    await git(workspace, ["read-tree", "-u", "--reset", "HEAD"], call);
    await addSubmodules(workspace, context, call);
  } catch (error) {
    context.signal.throwIfAborted();
    throw checkoutError(error);
  }
}

const runRef = (fetched: Fetched, runId: string): string => join(fetched.mirror, "refs/windlass/runs", runId);

async function holdCommit(fetched: Fetched, runId: string): Promise<void> {
  await mkdir(join(fetched.mirror, "refs/windlass/runs"), { recursive: true });
  await writeFile(runRef(fetched, runId), `${fetched.commit}\n`);
}

/** At the end of a run. */
export async function releaseCommit(fetched: Fetched, runId: string): Promise<void> {
  await rm(runRef(fetched, runId), { force: true });
}

async function addSubmodules(workspace: string, context: RunContext, call: GitCall): Promise<void> {
  const modules = await readFile(join(workspace, ".gitmodules"), "utf8").catch(() => undefined);
  if (modules === undefined) return;
  await context.console.say("fetching submodules");
  await git(workspace, ["submodule", "update", "--init", "--recursive", "--quiet"], call);
}

function checkoutError(error: unknown): unknown {
  if (!(error instanceof GitError)) return error;
  if (error.problem === "disk-full")
    return new RunError("failed/disk-full", "no space left while checking the code out", { retryable: true });
  const outcome = error.problem === "auth" ? "failed/source-auth" : "failed/source-unreachable";
  return new RunError(outcome, `cannot check the code out (${error.detail})`, {
    hint: "Submodules need the same access as the repository.",
  });
}

const quoted = (url: string): string => `"${url.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
