import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Task } from "../../api/wire/task.ts";
import { messageOf } from "../../base/errors.ts";
import { shellWords } from "../../base/shell-words.ts";
import { RunError } from "../run-error.ts";
import { insideOf } from "./inside.ts";
import type { EntryPoint, Interpreter } from "./source.ts";

const SHELLS = new Set(["bash", "sh", "zsh", "dash", "ash"]);

/** Nothing else is looked up on a machine, or stands in a shell line of a build. */
const PYTHON = /^python[\d.]*$/;

/** `script.binary`; anything unknown counts as Python, as for ClearML's agent. */
export function interpreterOf(task: Task): Interpreter {
  const name = basename((task.script.binary ?? "python").trim().split(/\s+/)[0] ?? "python");
  if (SHELLS.has(name)) return { kind: "shell", name };
  return { kind: "python", name: PYTHON.test(name) ? name : "python" };
}

/** The forms of `script.entry_point` (clearml-agent.md 4.9): a file, a file with arguments, `-m module`, `-c command`. */
export async function entryPointOf(task: Task, workspace: string, workingDir: string): Promise<EntryPoint> {
  const interpreter = interpreterOf(task);
  const text = (task.script.entry_point ?? "").trim();
  if (text === "") throw missing("the task has no entry point", "Set script.entry_point: a file, or -m module.");
  if (interpreter.kind === "shell" && text.startsWith("-c "))
    return { kind: "command", interpreter, command: unquoted(text.slice(3).trim()) };
  const whole = await fileAt(workspace, workingDir, text);
  if (whole) return { kind: "file", interpreter, file: text, args: [] };
  const [first = "", ...args] = wordsOf(text);
  if (first === "-m") return moduleOf(interpreter, args);
  if (await fileAt(workspace, workingDir, first)) return { kind: "file", interpreter, file: first, args };
  throw missing(
    `the entry point ${first} is not there`,
    `It is looked for in ${workingDir === "" ? "the root of the repository" : workingDir}, the task's working directory.`,
  );
}

function moduleOf(interpreter: Interpreter, [module, ...args]: readonly string[]): EntryPoint {
  if (module === undefined || interpreter.kind !== "python")
    throw missing("-m names no Python module", "Write it as -m package.module arguments.");
  return { kind: "module", interpreter, module, args };
}

function wordsOf(text: string): string[] {
  try {
    return shellWords(text);
  } catch (error) {
    throw missing(`the entry point cannot be read: ${messageOf(error)}`, "Check its quotes.");
  }
}

function unquoted(command: string): string {
  const words = wordsOf(command);
  return words.length === 1 ? (words[0] ?? command) : command;
}

async function fileAt(workspace: string, workingDir: string, file: string): Promise<boolean> {
  if (file.includes("\0")) return false;
  const found = await stat(join(workspace, workingDir, file)).catch(() => undefined);
  if (found?.isFile() !== true) return false;
  await insideOf(workspace, join(workspace, workingDir, file), "the entry point");
  return true;
}

const missing = (message: string, hint: string): RunError => new RunError("failed/source-entry-point", message, { hint });
