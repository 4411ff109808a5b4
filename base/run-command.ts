import type { ChildProcess } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { endGroup, spawnGroup } from "./process-group.ts";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ends the whole process group, within `graceMs`. */
  readonly signal: AbortSignal;
  readonly input?: string;
  /** What the command prints, as it comes; both streams. */
  readonly onOutput?: (chunk: Buffer, stream: "stdout" | "stderr") => void;
  readonly graceMs?: number;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

const KEPT_BYTES = 64 * 1024;

/**
 * Runs a program to its end as a process group of its own, so that an abort also ends what it started. A non-zero exit is a
 * result, not an error; throws the abort's reason, or the system's error when the program cannot be started.
 */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  options.signal.throwIfAborted();
  const child = spawnGroup(command, args, {
    env: { ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    child[name]?.on("data", (chunk: Buffer) => {
      output[name] = keptEnd(output[name] + decoder.write(chunk), name);
      options.onOutput?.(chunk, name);
    });
  }
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input ?? "");
  const stop = (): void => (child.pid === undefined ? undefined : void endGroup(child.pid, options.graceMs ?? 500));
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    const exitCode = await exitOf(child);
    options.signal.throwIfAborted();
    return { exitCode, ...output };
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
}

/** What a program leaves running may hold its pipes for ever: so long after its end they are closed. */
const PIPES_AFTER_MS = 500;

async function exitOf(child: ChildProcess): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
    child.once("exit", () => {
      const closing = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, PIPES_AFTER_MS);
      child.once("close", () => clearTimeout(closing));
    });
  });
}

function keptEnd(text: string, name: "stdout" | "stderr"): string {
  const limit = name === "stdout" ? 16 * 2 ** 20 : KEPT_BYTES;
  return text.length > limit ? text.slice(-limit) : text;
}
