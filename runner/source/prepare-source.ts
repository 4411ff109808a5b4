import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Task } from "../../api/wire/task.ts";
import { codeOf } from "../../base/errors.ts";
import type { RunContext } from "../engine.ts";
import { RunError } from "../run-error.ts";
import { checkOut, releaseCommit } from "./checkout.ts";
import { applyDiff, isStandAlone } from "./diff.ts";
import { entryPointOf, interpreterOf } from "./entry-point.ts";
import { insideOf } from "./inside.ts";
import { type Fetched, fetchWanted } from "./mirror.ts";
import type { Source } from "./source.ts";

/** The code of a task in a workspace of its own: repository at the commit, uncommitted changes applied, or a script alone. */
export async function prepareSource(context: RunContext): Promise<Source> {
  const workspace = join(context.folder, "workspace");
  await mkdir(workspace, { mode: 0o755 });
  const fetched = await fetchRepository(context);
  try {
    if (fetched !== undefined) await fill(workspace, fetched, context);
    const workingDir = await workingDirOf(context.task, workspace);
    await placeScript(context, workspace, workingDir);
    const entry = await entryPointOf(context.task, workspace, workingDir);
    return { workspace, workingDir, commit: fetched?.commit, branch: context.task.script.branch, mirror: fetched?.mirror, entry };
  } catch (error) {
    if (fetched !== undefined) await releaseCommit(fetched, context.runId);
    throw codeOf(error) === "ENAMETOOLONG" ? tooLong(context.task) : error;
  }
}

function tooLong({ script }: Task): RunError {
  const lengths = `${script.entry_point?.length ?? 0} and ${script.working_dir?.length ?? 0} characters`;
  return new RunError("failed/task-invalid", `script.entry_point and script.working_dir are too long for a path (${lengths})`);
}

async function fetchRepository(context: RunContext): Promise<Fetched | undefined> {
  const { repository = "", version_num: commit, tag, branch } = context.task.script;
  if (repository.trim() === "") return undefined;
  const url = repository.trim();
  if (url.startsWith("-") || /^ext::/i.test(url))
    throw new RunError("failed/source-unreachable", `"${url}" is not the address of a repository`);
  return await fetchWanted({ url, commit: given(commit), tag: given(tag), branch: given(branch) }, context);
}

async function fill(workspace: string, fetched: Fetched, context: RunContext): Promise<void> {
  const { repository = "", diff = "" } = context.task.script;
  await checkOut(fetched, repository.trim(), workspace, context);
  if (diff.trim() !== "" && !isStandAlone(diff)) await applyDiff(diff, workspace, context);
}

/** What no name of a commit, tag or branch may hold (git-check-ref-format), `:` above all: with it a name is a rule for fetching. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const NO_NAME = /[\s:~^?*[\\\x00-\x1f\x7f]|\.\.|@\{/;

function given(name: string | undefined): string | undefined {
  const text = name?.trim() ?? "";
  if (text.startsWith("-") || NO_NAME.test(text))
    throw new RunError("failed/source-commit-not-found", `"${text}" is not a name of a commit, tag or branch`);
  return text === "" ? undefined : text;
}

async function workingDirOf(task: Task, workspace: string): Promise<string> {
  const text = (task.script.working_dir ?? "").trim().replace(/^\.\/?$/, "");
  const isStandAloneTask = (task.script.repository ?? "").trim() === "";
  if (text === "" || (isStandAloneTask && !(await stat(join(workspace, text)).catch(() => undefined)))) return "";
  await insideOf(workspace, join(workspace, text), "the working directory");
  return text;
}

/** A diff that is no diff is the program itself; an existing file is not overwritten (clearml-agent.md 4.2). */
async function placeScript(context: RunContext, workspace: string, workingDir: string): Promise<void> {
  const { diff = "", entry_point: entry = "", repository = "" } = context.task.script;
  if (diff.trim() === "") {
    if (repository.trim() === "")
      throw new RunError("failed/task-invalid", "the task has neither a repository nor a script", {
        hint: "Set script.repository, or put the program into script.diff.",
      });
    return;
  }
  if (!isStandAlone(diff)) {
    if (repository.trim() === "")
      throw new RunError("failed/source-diff", "the task has uncommitted changes but no repository to apply them to");
    return;
  }
  const file = join(workspace, workingDir, scriptName(entry, interpreterOf(context.task).kind));
  await insideOf(workspace, await deepestThere(dirname(file)), "the entry point");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, diff, { flag: "wx", mode: 0o644 }).catch((error: { code?: string }) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** The folder, or the nearest one above it that is there already: nothing is made behind a link that leads out. */
async function deepestThere(folder: string): Promise<string> {
  const isThere = await stat(folder).catch(() => undefined);
  return isThere === undefined ? await deepestThere(dirname(folder)) : folder;
}

function scriptName(entry: string, kind: "python" | "shell"): string {
  const [first = ""] = entry.trim().split(/\s+/);
  if (first === "" || first.startsWith("-")) return kind === "shell" ? "untitled.sh" : "untitled.py";
  if (first.split("/").includes("..") || first.startsWith("/")) return basename(first);
  return first;
}
