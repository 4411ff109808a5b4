/** One line of ours on the program's standard error. A reader that went away loses it; the program goes on. */
export function tell(line: string): void {
  try {
    process.stderr.write(`windlass: ${line}\n`);
  } catch {
    // Nobody can be told.
  }
}
