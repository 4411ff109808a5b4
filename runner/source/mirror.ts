import { createHash } from "node:crypto";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "../../base/file-lock.ts";
import { readIfThere } from "../../base/files.ts";
import { KeyedMutex } from "../../base/mutex.ts";
import { BRIEF, retry } from "../../base/retry.ts";
import type { RunContext } from "../engine.ts";
import { RunError } from "../run-error.ts";
import { concludeRemoval, type Kept, markUse } from "../uses.ts";
import { type GitCall, git, gitSays } from "./git.ts";
import { GitError } from "./git-failures.ts";
import { removeGitLeftovers } from "./git-leftovers.ts";
import { maskUrls } from "./urls.ts";

/** What a task asks for: the recorded commit, else the tag, else the branch's tip, else the remote's default branch. */
export interface Wanted {
  readonly url: string;
  readonly commit: string | undefined;
  readonly tag: string | undefined;
  readonly branch: string | undefined;
}

export interface Fetched {
  readonly mirror: string;
  readonly commit: string;
}

const FULL_COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
/** Each commit that a task used stays, so that the next run of it asks nobody. */
const COMMITS = "refs/windlass/commits";
const mirrors = new KeyedMutex();

/** Brings exactly the wanted commit into the repository's bare mirror; without any network when it is there already. */
export async function fetchWanted(wanted: Wanted, context: RunContext): Promise<Fetched> {
  const name = createHash("sha256").update(wanted.url).digest("hex").slice(0, 32);
  const folder = join(context.stateFolder, "mirrors");
  const mirror = join(folder, `${name}.git`);
  const { commit } = wanted;
  const kept: Kept = { kind: "mirror", name };
  const stays = await markUse(context.stateFolder, kept, context.runId);
  if (stays && commit !== undefined && (await isKept(mirror, commit))) return { mirror, commit };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const call = callOf(context);
  const lock = join(folder, `${name}.lock`);
  const onWait = (pid: number): void => context.console.note(`waiting for process ${pid}, which fetches the same repository`);
  return await mirrors.run(
    mirror,
    () =>
      withFileLock(
        lock,
        async () => {
          await concludeRemoval(context.stateFolder, kept);
          return { mirror, commit: await fetchInto(mirror, wanted, context, call) };
        },
        { signal: context.signal, onWait },
      ),
    context.signal,
  );
}

/** A ref of the same name that points elsewhere is none of ours. */
async function isKept(mirror: string, commit: string): Promise<boolean> {
  if (!FULL_COMMIT.test(commit)) return false;
  return (await readIfThere(join(mirror, COMMITS, commit)))?.trim() === commit;
}

function callOf(context: RunContext): GitCall {
  const timeout = AbortSignal.timeout(context.settings.source.timeoutMs);
  return { settings: context.settings, signal: AbortSignal.any([context.signal, timeout]) };
}

async function fetchInto(mirror: string, wanted: Wanted, context: RunContext, call: GitCall): Promise<string> {
  await ensureMirror(mirror, wanted.url, call);
  await context.console.say(`fetching ${describe(wanted)} of ${maskUrls(wanted.url)}`);
  const attempt = (): Promise<string> => fetchOnce(mirror, wanted, { ...call, onProgress: progressTo(context) });
  try {
    return await retry(attempt, {
      schedule: BRIEF,
      signal: context.signal,
      retryable: (error) => error instanceof GitError && error.retryable,
      onRetry: (error, tries) => context.console.note(`fetching failed (${(error as GitError).detail}), attempt ${tries + 1} follows`),
    });
  } catch (error) {
    await removeGitLeftovers(mirror);
    context.signal.throwIfAborted();
    throw runErrorOf(error, wanted, call.signal);
  }
}

/** Long steps are worth a line; git itself decides which, and each is shown when it is done. */
function progressTo(context: RunContext): (line: string) => void {
  return (line) => {
    if (/^(Receiving objects|Resolving deltas).*done\.?$/.test(line.trim())) context.console.note(`git: ${line.trim()}`);
  };
}

async function ensureMirror(mirror: string, url: string, call: GitCall): Promise<void> {
  if (await isThere(join(mirror, "windlass-ready"))) return;
  await rm(mirror, { recursive: true, force: true });
  await git(undefined, ["init", "-q", "--bare", mirror], call);
  await git(mirror, ["config", "gc.auto", "0"], call);
  await writeFile(join(mirror, "description"), `${maskUrls(url)}\n`);
  await mkdir(join(mirror, "windlass-ready"));
}

async function fetchOnce(mirror: string, wanted: Wanted, call: GitCall): Promise<string> {
  const commit =
    wanted.commit === undefined ? await fetchTip(mirror, wanted, call) : await fetchCommit(mirror, wanted.url, wanted.commit, call);
  await git(mirror, ["update-ref", `${COMMITS}/${commit}`, commit], call);
  return commit;
}

/** Servers that do not give out single commits are asked for everything. */
async function fetchCommit(mirror: string, url: string, commit: string, call: GitCall): Promise<string> {
  if (FULL_COMMIT.test(commit)) {
    if (await gitSays(mirror, ["cat-file", "-e", `${commit}^{commit}`], call)) return commit;
    try {
      await git(mirror, ["fetch", "--progress", "--no-tags", "--force", "--", url, commit], call);
      return commit;
    } catch (error) {
      if (!(error instanceof GitError) || !["no-commit", "other"].includes(error.problem)) throw error;
    }
  }
  await git(mirror, ["fetch", "--progress", "--force", "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], call);
  return await resolved(mirror, commit, call);
}

async function fetchTip(mirror: string, wanted: Wanted, call: GitCall): Promise<string> {
  const source = wanted.tag === undefined ? branchRef(wanted.branch) : `refs/tags/${wanted.tag}`;
  await git(mirror, ["fetch", "--progress", "--no-tags", "--force", "--", wanted.url, source], call);
  return await resolved(mirror, "FETCH_HEAD", call);
}

const branchRef = (branch: string | undefined): string => (branch === undefined ? "HEAD" : `refs/heads/${branch.replace(/^origin\//, "")}`);

async function resolved(mirror: string, name: string, call: GitCall): Promise<string> {
  return (
    await git(mirror, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`], call).catch(() => {
      throw new GitError("rev-parse", "no-commit", `${name} is not in the repository`);
    })
  ).trim();
}

function runErrorOf(error: unknown, wanted: Wanted, signal: AbortSignal): unknown {
  const url = maskUrls(wanted.url);
  if (signal.aborted) {
    return new RunError("failed/source-unreachable", `the repository ${url} did not answer in time`, {
      retryable: true,
      hint: "See source.timeout in the agent's configuration.",
    });
  }
  if (!(error instanceof GitError)) return error;
  switch (error.problem) {
    case "no-commit":
      return new RunError("failed/source-commit-not-found", `${describe(wanted)} is not in ${url} (${error.detail})`, {
        hint: "Was it pushed? The task runs exactly what it recorded.",
      });
    case "auth":
      return new RunError("failed/source-auth", `${url} wants credentials (${error.detail})`, {
        hint: "Set git.user and git.password in the agent's configuration, or give its user an SSH key or a credential helper.",
      });
    case "disk-full":
      return new RunError("failed/disk-full", `no space left while fetching ${url}`, { retryable: true });
    default:
      return new RunError("failed/source-unreachable", `cannot fetch ${url} (${error.detail})`, {
        retryable: error.problem === "unreachable",
        hint: "Check the address, and that this machine may reach it.",
      });
  }
}

function describe(wanted: Wanted): string {
  if (wanted.commit !== undefined) return `commit ${wanted.commit}`;
  if (wanted.tag !== undefined) return `tag ${wanted.tag}`;
  return wanted.branch === undefined ? "the default branch" : `branch ${wanted.branch}`;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
