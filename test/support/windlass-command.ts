import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const MAIN = resolve(import.meta.dirname, "../../cli/main.ts");

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node itself. */
  readonly node?: readonly string[];
  readonly cwd?: string;
  /** Called when it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home without any configuration. */
const EMPTY_HOME = mkdtempSync(join(tmpdir(), "windlass-home-"));

/** The environment of a person who has configured nothing; what a test says comes on top. */
export function plainEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(CLEARML|TRAINS|WINDLASS|XDG)_/.test(name));
  return { ...Object.fromEntries(kept), HOME: EMPTY_HOME, NO_COLOR: "1", ...extra };
}

/** Runs `windlass` as a program, to its end. */
export async function windlass(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [...(options.node ?? []), MAIN, ...args], {
    env: plainEnvironment(options.env),
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  options.onStart?.(child);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
