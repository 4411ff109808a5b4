import type { RunContext } from "../engine.ts";
import { RunError } from "../run-error.ts";
import { type GitCall, git } from "./git.ts";
import { GitError } from "./git-failures.ts";

/** A text that is no diff but the whole program (clearml-agent.md 4.2). */
export function isStandAlone(diff: string): boolean {
  return !/^(diff |submodule [^\n]*\n+diff |--- )/.test(diff.trimStart());
}

/**
 * From exact to lenient: as it is, without path prefixes, with other white space, with the blobs' help. The last one comes
 * last because its failure leaves marks of conflicts in the files.
 */
const LADDER: readonly (readonly string[])[] = [[], ["-p0"], ["--ignore-whitespace", "--whitespace=nowarn"], ["--3way"]];

/** Applies uncommitted changes to the workspace; the first attempt's words are the error's. */
export async function applyDiff(diff: string, workspace: string, context: RunContext): Promise<void> {
  const input = diff.endsWith("\n") ? diff : `${diff}\n`;
  const call: GitCall = { settings: context.settings, signal: context.signal, input };
  let first: GitError | undefined;
  for (const options of LADDER) {
    try {
      await git(workspace, ["apply", "--unidiff-zero", ...options, "-"], call);
      if (options.length > 0) await context.console.say(`the task's uncommitted changes were applied with ${options.join(" ")}`);
      return;
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof GitError)) throw error;
      first ??= error;
    }
  }
  throw new RunError("failed/source-diff", `the task's uncommitted changes do not apply (${first?.detail ?? "no reason given"})`, {
    hint: "Were they recorded against another commit? Commit and push them, and record the task anew.",
  });
}
