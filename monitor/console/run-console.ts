import { appendFile } from "node:fs/promises";
import { join } from "node:path";

/** Marks lines that are ours, not the program's. */
export const OWN_LINE_MARK = "windlass: ";

/**
 * The console of one run: one append-only file. The program writes to it by itself (its stdout and stderr are this file),
 * and so order and bytes are its own; before it starts and after it ended, the agent appends lines of its own.
 */
export class RunConsole {
  readonly path: string;

  constructor(runFolder: string) {
    this.path = join(runFolder, "console.log");
  }

  /** Appends a marked line of our own. */
  async say(text: string): Promise<void> {
    await this.write(`${OWN_LINE_MARK}${text}\n`);
  }

  /** Appends bytes as they are: output of git, pip, a build. */
  async write(data: string | Uint8Array): Promise<void> {
    await appendFile(this.path, data, { mode: 0o600 });
  }

  /** `say` for callbacks, which cannot wait. */
  sayAside(text: string): void {
    this.writeAside(`${OWN_LINE_MARK}${text}\n`);
  }

  /** `write` for callbacks. What a full disk refuses is lost: whatever was being done finds the disk full, too, and says so. */
  writeAside(data: string | Uint8Array): void {
    this.write(data).catch(() => undefined);
  }
}
