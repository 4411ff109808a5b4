import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Marks lines that are ours, not the program's. */
export const OWN_LINE_MARK = "windlass: ";

/**
 * The console of one run: one append-only file. The program writes to it by itself (its stdout and stderr are this file),
 * and so order and bytes are its own; before it starts and after it ended, the agent appends lines of its own.
 */
export class RunConsole {
  readonly path: string;
  /** Writes go one after the other: two appends at once may land in either order. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(runFolder: string) {
    this.path = join(runFolder, "console.log");
  }

  /** Appends a marked line of our own. */
  async say(text: string): Promise<void> {
    await this.write(`${OWN_LINE_MARK}${text}\n`);
  }

  /** Appends bytes as they are: output of git, pip, a build. */
  async write(data: string | Uint8Array): Promise<void> {
    const written = this.#tail.then(() => appendFile(this.path, data, { mode: 0o600 }));
    this.#tail = written.catch(() => undefined);
    await written;
  }

  /** The same for callbacks, which cannot wait: where the disk is full, the step that prints fails by itself. */
  feed(data: string | Uint8Array): void {
    void this.write(data).catch(() => undefined);
  }

  /** Like `say`, for callbacks. */
  note(text: string): void {
    this.feed(`${OWN_LINE_MARK}${text}\n`);
  }

  /** Bytes in the file once everything that was given to it is there. */
  async size(): Promise<number> {
    await this.#tail;
    return await stat(this.path).then(
      ({ size }) => size,
      () => 0,
    );
  }
}
