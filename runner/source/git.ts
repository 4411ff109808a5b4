import { runCommand } from "../../base/run-command.ts";
import { hostEnvironment } from "../host-environment.ts";
import type { RunSettings } from "../settings.ts";
import { GitError, gitFailure } from "./git-failures.ts";

export interface GitCall {
  readonly settings: RunSettings;
  readonly signal: AbortSignal;
  /** Lines of progress, without what overwrites itself. */
  readonly onProgress?: (line: string) => void;
  readonly input?: string;
}

/**
 * Runs git: the real binary, arguments as a list, no prompts, no configuration but the user's own. Credentials of the
 * agent's settings go to git through a credential helper that reads them from variables: never into a URL, an argument
 * list or a message. Returns what it printed; throws GitError.
 */
export async function git(folder: string | undefined, args: readonly string[], call: GitCall): Promise<string> {
  const prefix = folder === undefined ? [] : ["-C", folder];
  const result = await runCommand("git", [...prefix, ...args], {
    env: { ...hostEnvironment(call.settings), ...gitVariables(call.settings) },
    signal: call.signal,
    ...(call.input === undefined ? {} : { input: call.input }),
    ...(call.onProgress === undefined ? {} : { onOutput: progressReader(call.onProgress) }),
  }).catch((error: unknown) => {
    call.signal.throwIfAborted();
    throw error;
  });
  if (result.exitCode !== 0) throw gitFailure(args, result.stderr);
  return result.stdout;
}

/** Whether git answers yes (exit code 0) to a question; other failures count as no. */
export async function gitSays(folder: string, args: readonly string[], call: GitCall): Promise<boolean> {
  try {
    await git(folder, args, call);
    return true;
  } catch (error) {
    if (error instanceof GitError) return false;
    throw error;
  }
}

const HELPER = '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$WINDLASS_GIT_USER" "$WINDLASS_GIT_PASSWORD"; }; f';

function gitVariables(settings: RunSettings): Record<string, string> {
  const config: [string, string][] = [
    ["safe.directory", "*"],
    ["advice.detachedHead", "false"],
    ["protocol.version", "2"],
  ];
  const { gitUser, gitPassword, gitHost } = settings.source;
  const secrets: Record<string, string> = {};
  if (gitUser !== undefined && gitPassword !== undefined) {
    config.push([gitHost === undefined ? "credential.helper" : `credential.https://${gitHost}.helper`, HELPER]);
    Object.assign(secrets, { WINDLASS_GIT_USER: gitUser, WINDLASS_GIT_PASSWORD: gitPassword });
  }
  const pairs = config.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    ...secrets,
    ...Object.fromEntries(pairs),
    GIT_CONFIG_COUNT: String(config.length),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    GIT_SSH_COMMAND: process.env["GIT_SSH_COMMAND"] ?? "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=20",
    LC_ALL: "C.UTF-8",
  };
}

/** git rewrites its progress with `\r`; only finished lines are worth the console. */
function progressReader(onProgress: (line: string) => void): (chunk: Buffer, stream: "stdout" | "stderr") => void {
  let open = "";
  return (chunk, stream) => {
    if (stream !== "stderr") return;
    const lines = (open + chunk.toString()).split("\n");
    open = lines.pop() ?? "";
    for (const line of lines) onProgress(line.slice(line.lastIndexOf("\r") + 1));
  };
}
