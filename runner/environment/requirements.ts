import { readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import type { Task } from "../../api/wire/task.ts";
import { RunError } from "../run-error.ts";
import { insideOf } from "../source/inside.ts";
import type { Source } from "../source/source.ts";

/** What a task wants installed, as pip reads it. */
export interface Requirements {
  /** The text of a requirements file; relative names in it are relative to `folder`. */
  readonly text: string;
  /** Where the text came from, for people. */
  readonly origin: string;
  /** Folder inside the workspace ("" = its root) that relative names in the text start from. */
  readonly folder: string;
  /** Files that the text refers to (`-r`, `-c`), path inside the workspace → content. */
  readonly files: Readonly<Record<string, string>>;
  /** The text installs something from the workspace itself: the environment depends on the whole source. */
  readonly needsSource: boolean;
}

const NOTHING: Requirements = { text: "", origin: "none", folder: "", files: {}, needsSource: false };

/** The task's own list if it has one, else the repository's requirements.txt, nearest to its root first (clearml-agent.md 4.4). */
export async function requirementsOf(task: Task, source: Source): Promise<Requirements> {
  const own = textOf(task.script.requirements?.pip);
  if (own !== "") return await withFiles({ ...NOTHING, text: own, origin: "the task" }, source);
  if (source.commit === undefined) return NOTHING;
  for (const folder of foldersDown(source)) {
    const text = await readFile(join(source.workspace, folder, "requirements.txt"), "utf8").catch(() => undefined);
    if (text !== undefined)
      return await withFiles({ ...NOTHING, text: normalized(text), origin: join(folder, "requirements.txt"), folder }, source);
  }
  return NOTHING;
}

function textOf(pip: string | readonly string[] | null | undefined): string {
  if (pip === null || pip === undefined) return "";
  return normalized(typeof pip === "string" ? pip : pip.join("\n"));
}

/** Comments, empty lines and white space do not make another environment. */
function normalized(text: string): string {
  const lines = text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, "")
        .trim()
        .replace(/\s+/g, " "),
    );
  return lines.filter((line) => line !== "").join("\n");
}

/** From the root of the repository down to the entry point's folder. */
function foldersDown(source: Source): string[] {
  const entryFolder = source.entry.kind === "file" ? dirname(source.entry.file) : ".";
  const parts = normalize(join(source.workingDir, entryFolder))
    .split("/")
    .filter((part) => part !== "." && part !== "");
  return ["", ...parts.map((_, at) => parts.slice(0, at + 1).join("/"))];
}

const REFERENCE = /^(?:-[rc][= ]?|--(?:requirement|constraint)[= ])\s*(\S+)$/;
const LOCAL = /^(?:-e\s+|--editable[= ])?\.{0,2}\/|^(?:-e\s+|--editable[= ])?\.(?:$|\[|\s)|@ file:\.|^-e\s+(?!git\+|hg\+|svn\+|bzr\+)/;

async function withFiles(requirements: Requirements, source: Source): Promise<Requirements> {
  const files: Record<string, string> = {};
  const needsSource = await collect(requirements.text, requirements.folder, source, files);
  return { ...requirements, files, needsSource };
}

/** Reads what the text refers to; true when it installs from the workspace. */
async function collect(text: string, folder: string, source: Source, files: Record<string, string>): Promise<boolean> {
  let needsSource = false;
  for (const line of text.split("\n")) {
    if (LOCAL.test(line)) needsSource = true;
    const name = REFERENCE.exec(line)?.[1];
    if (name === undefined || /^[a-z]+:\/\//i.test(name)) continue;
    const path = join(source.workspace, folder, name);
    await insideOf(source.workspace, path, `the file ${name} of the requirements`, "failed/environment-requirements");
    const inside = relative(source.workspace, path);
    if (files[inside] !== undefined) continue;
    files[inside] = normalized(await readFile(path, "utf8").catch(() => missing(name)));
    needsSource = (await collect(files[inside], dirname(inside) === "." ? "" : dirname(inside), source, files)) || needsSource;
  }
  return needsSource;
}

function missing(name: string): never {
  throw new RunError("failed/environment-requirements", `the requirements refer to ${name}, which is not there`);
}
