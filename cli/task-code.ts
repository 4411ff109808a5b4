import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { git } from "./git.ts";
import { usageError } from "./report-error.ts";
import { uncommittedChanges } from "./uncommitted-changes.ts";

export interface CodeFlags {
  readonly repo?: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly folder?: string;
  readonly script?: string;
  readonly module?: string;
  readonly cwd?: string;
}

export interface TaskCode {
  /** For the task's `script`. */
  readonly script: object;
  /** New files that go along, which the user may not expect. */
  readonly added: readonly string[];
}

/** The code of a task: a repository, a folder's repository with its uncommitted changes, or a single file. */
export async function taskCode(flags: CodeFlags): Promise<TaskCode> {
  check(flags);
  if (flags.repo !== undefined) return { script: await codeOfRepository(flags.repo, flags), added: [] };
  if (flags.folder !== undefined) return await codeOfFolder(flags, resolve(flags.folder));
  const script = flags.script ?? "";
  const file = resolve(script);
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw usageError(`--script: there is no file ${script}`);
  if (await isTracked(file)) return await codeOfFolder({ ...flags, script: file }, dirname(file));
  return { script: { entry_point: basename(file), diff: await readFile(file, "utf8"), working_dir: "." }, added: [] };
}

function check({ script, module, repo, folder, branch, commit }: CodeFlags): void {
  if (script === undefined && module === undefined) throw usageError("say what to run: --script FILE or --module NAME");
  if (script !== undefined && module !== undefined) throw usageError("--script and --module exclude each other");
  if (repo !== undefined && folder !== undefined) throw usageError("--repo and --folder exclude each other");
  if (repo === undefined && folder === undefined && script === undefined) throw usageError(`--module ${module} needs --repo or --folder`);
  const lost = branch === undefined ? (commit === undefined ? undefined : "--commit") : "--branch";
  if (lost !== undefined && repo === undefined) throw usageError(`${lost} needs --repo: a folder has the commit that is checked out`);
}

async function codeOfRepository(repo: string, { branch, commit, cwd, script, module }: CodeFlags): Promise<object> {
  return {
    repository: await addressOf(repo),
    branch,
    version_num: commit,
    working_dir: cwd ?? ".",
    entry_point: entryOf(module, script),
  };
}

const entryOf = (module: string | undefined, script: string | undefined): string =>
  module === undefined ? (script ?? "") : `-m ${module}`;

async function isTracked(file: string): Promise<boolean> {
  return await git(dirname(file), ["ls-files", "--error-unmatch", "--", basename(file)]).then(
    () => true,
    () => false,
  );
}

/** A local path is what another process of this machine must find, too. */
async function addressOf(repo: string): Promise<string> {
  return /^[\w+.-]+:|@.*:/.test(repo) ? repo : await realpath(repo).catch(() => repo);
}

/** A checkout: its repository (the remote, else itself), its commit, its uncommitted changes. */
async function codeOfFolder(flags: CodeFlags, folder: string): Promise<TaskCode> {
  const root = (await git(folder, ["rev-parse", "--show-toplevel"]).catch(() => notGit(folder))).trim();
  const commit = (await git(root, ["rev-parse", "HEAD"]).catch(() => noCommit(root))).trim();
  const branch = (await git(root, ["rev-parse", "--abbrev-ref", "HEAD"])).trim();
  const script = flags.script === undefined ? undefined : await scriptIn(root, folder, flags.script);
  const { diff, added } = await uncommittedChanges(root);
  if (script !== undefined) await refuseIgnored(root, script);
  const workingDir = flags.cwd ?? (script === undefined ? relative(root, await realpath(folder)) : dirname(script));
  const code = {
    repository: await repositoryOf(root, commit),
    branch: branch === "HEAD" ? undefined : branch,
    version_num: commit,
    diff,
    working_dir: workingDir === "" ? "." : workingDir,
    entry_point: entryOf(flags.module, script === undefined ? undefined : relative(workingDir, script)),
  };
  return { script: code, added };
}

/** The remote, if it has the commit; else the checkout itself. */
async function repositoryOf(root: string, commit: string): Promise<string> {
  const remote = (await git(root, ["remote", "get-url", "origin"]).catch(() => "")).trim();
  if (remote === "") return root;
  const holders = await git(root, ["branch", "-r", "--contains", commit]).catch(() => "");
  return holders.trim() === "" ? root : remote;
}

async function scriptIn(root: string, folder: string, script: string): Promise<string> {
  const path = await realpath(resolve(folder, script)).catch(() => {
    throw usageError(`--script: there is no ${script} in ${folder}`);
  });
  const inside = relative(await realpath(root), path);
  if (inside.startsWith("..")) throw usageError(`--script: ${script} is not in the repository ${root}`);
  return inside;
}

/** A new file goes along with the uncommitted changes, but not one that git was told to leave out. */
async function refuseIgnored(root: string, script: string): Promise<void> {
  const isIgnored = await git(root, ["check-ignore", "-q", "--", script]).then(
    () => true,
    () => false,
  );
  if (isIgnored) throw usageError(`--script: git ignores ${script}, and so the task would not have it`, `git add -f ${script} tracks it.`);
}

function notGit(folder: string): never {
  throw usageError(`${folder} is no git repository`, "git init, add and commit in it first, or give --script without --folder.");
}

function noCommit(root: string): never {
  throw usageError(`${root} has no commit yet`, "Commit first: a task runs a recorded commit.");
}
