import { writeSync } from "node:fs";

/** One line of ours on the program's standard error. Past its stream, whose error event would end a program whose reader went away; then the line is lost. */
export function tell(line: string): void {
  try {
    writeSync(2, `windlass: ${line}\n`);
  } catch {
    // Nobody can be told.
  }
}
