import type { Writable } from "node:stream";
import { codeOf } from "../base/errors.ts";

/** What a shell shows for a program that ended because nobody read its output any more: 128 + SIGPIPE. */
const CLOSED_PIPE = 141;

/** Commands that have more to do than to print: they go on without their reader. */
const SERVICES: ReadonlySet<string> = new Set(["daemon", "up", "server", "execute", "janitor"]);

/** Output that nobody reads any more (`windlass config | head -3`) ends a command quietly, and never a service. */
export class OutputPipes {
  #isService = false;

  constructor(outputs: readonly Writable[] = [process.stdout, process.stderr]) {
    for (const output of outputs) output.on("error", (error: unknown) => this.#closed(error));
  }

  /** Which command runs; until it is known, a closed pipe ends the program. */
  serve(command: string): void {
    this.#isService = SERVICES.has(command);
  }

  #closed(error: unknown): void {
    if (codeOf(error) !== "EPIPE") throw error;
    if (!this.#isService) process.exit(CLOSED_PIPE);
  }
}
