import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { variable } from "../connection/settings.ts";
import type { ScriptData } from "../data.ts";
import { git } from "./git.ts";

/** A diff of more than so many characters is not kept; the text says so (task-class.md B11). */
const LONGEST_DIFF = 500_000;
const TOO_LONG =
  "# WARNING: the uncommitted changes are too large to be kept here: commit them, or clear this text before the task is enqueued\n";
/** Whatever the user's git configuration says, the diff has to be one that `git apply` takes. */
const DIFF = [
  "-c",
  "diff.noprefix=false",
  "-c",
  "diff.mnemonicPrefix=false",
  "diff",
  "--no-color",
  "--no-ext-diff",
  "--submodule=diff",
  "HEAD",
];

/**
 * The code of the running program: its repository with commit, branch and uncommitted changes of tracked files, or, outside a
 * repository, its text. CLEARML_VCS_… say it where git cannot be asked (task-class.md B1, B11).
 */
export async function programScript(entry = process.argv[1]): Promise<ScriptData> {
  const file = entry === undefined ? undefined : await realpath(resolve(entry)).catch(() => undefined);
  const folder = file === undefined ? process.cwd() : dirname(file);
  const root = variable("VCS_ROOT") ?? (await git(folder, "rev-parse", "--show-toplevel"));
  const commit = variable("VCS_COMMIT_ID") ?? (root && (await git(root, "rev-parse", "HEAD")));
  if (root === undefined || !commit) return { ...(await aloneScript(file)), ...named() };
  return { ...(await repositoryScript(root, commit, file)), ...named() };
}

async function repositoryScript(root: string, commit: string, file: string | undefined): Promise<ScriptData> {
  const [address, branch, diff, cwd] = await Promise.all([
    git(root, "ls-remote", "--get-url"),
    branchOf(root),
    git(root, ...DIFF),
    realpath(process.cwd()),
  ]);
  const inside = relative(root, cwd);
  const workingDir = inside === "" || inside.startsWith("..") ? "." : inside;
  return {
    binary: "node",
    // Without a remote git answers `origin`; the checkout is then what another program of this machine can find.
    repository: address === undefined || address === "origin" ? root : withoutPassword(address),
    branch: branch ?? "",
    version_num: commit,
    working_dir: workingDir,
    entry_point: file === undefined ? "" : relative(resolve(root, workingDir), file),
    diff: shortened(diff === undefined || diff === "" ? "" : `${diff}\n`),
  };
}

const shortened = (diff: string): string => (diff.length > LONGEST_DIFF ? TOO_LONG : diff);

/** The branch at the remote that this one follows, else its own name; none when no branch is checked out. */
async function branchOf(root: string): Promise<string | undefined> {
  const upstream = await git(root, "rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{u}");
  const name = upstream?.replace(/^origin\//, "") ?? (await git(root, "rev-parse", "--abbrev-ref", "HEAD"));
  return name === "HEAD" ? undefined : name;
}

/** A program without a repository is its own text; one that was typed in has no file. */
async function aloneScript(file: string | undefined): Promise<ScriptData> {
  if (file === undefined) return { binary: "node", entry_point: "", working_dir: ".", diff: "" };
  const diff = shortened(await readFile(file, "utf8").catch(() => ""));
  return { binary: "node", repository: "", branch: "", version_num: "", working_dir: ".", entry_point: basename(file), diff };
}

function named(): Partial<ScriptData> {
  const said = {
    repository: variable("VCS_REPO_URL"),
    branch: variable("VCS_BRANCH"),
    working_dir: variable("VCS_WORK_DIR"),
    entry_point: variable("VCS_ENTRY_POINT"),
    diff: variable("VCS_DIFF") && Buffer.from(variable("VCS_DIFF") ?? "", "base64").toString(),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** An address that is stored for others to see carries no password. */
function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.protocol !== "ssh:") url.username = "";
  url.password = "";
  return url.href.replace(/\/$/, address.endsWith("/") ? "/" : "");
}
