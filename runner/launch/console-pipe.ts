import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * A program's stdout and stderr are one pipe, and a `cat` beside the program, in its container or session, appends what
 * comes out of it to the console's file. The file itself as stdout would be simpler, but a program that opens
 * `/dev/stdout` or `/dev/stderr` for writing (`echo … > /dev/stderr`) would empty it.
 */
export const consolePipe = (runFolder: string): string => join(runFolder, "files", "console.pipe");

/** Made by a program, since Node makes none; writable for whatever user the program runs as. */
export async function makeConsolePipe(path: string): Promise<void> {
  await promisify(execFile)("mkfifo", [path]);
  await chmod(path, 0o666);
}

/** Marks the `cat` in its environment: it is ended last, when the pipe is empty. */
export const ROLE = "WINDLASS_ROLE";
export const CONSOLE_ROLE = "console";

/** Starts the `cat`; expects `$pipe` and `$console`, leaves its pid in `$reader`. Signals to the group pass it by. */
export const START_READER = `(trap '' TERM INT HUP; ${ROLE}=${CONSOLE_ROLE} exec cat <"$pipe" >>"$console") & reader=$!`;

/** Runs the program to its end; in a subshell, since the shell would print "Killed" into a redirection of its own. */
export const RUN_PROGRAM = `(exec "$@" >"$pipe" 2>&1); code=$?`;
