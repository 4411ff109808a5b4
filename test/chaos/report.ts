import { countsAsText, type Result } from "./result.ts";

export interface Head {
  readonly date: string;
  readonly commit: string;
}

const COLUMNS = ["date", "commit", "seed", "what", "counts", "seconds", "verdict"] as const;

/** The results as a table in Markdown, which also reads well on a screen. */
export function tableOf(results: readonly Result[], { date, commit }: Head): string {
  const rows = results.map((result) => [
    date,
    commit,
    String(result.seed),
    result.engine === "none" ? result.name : `${result.name}, ${result.engine}`,
    countsAsText(result.counts),
    String(result.seconds),
    result.faults.length === 0 ? "passed" : `FAILED (${result.faults.length})`,
  ]);
  const widths = COLUMNS.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(COLUMNS), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** The page that is committed after a full run. */
export function pageOf(results: readonly Result[], head: Head, command: string): string {
  return `# What chaos leaves whole

The last result of \`${command}\`. What each scenario does to agent, server and network stands at the top of its file in \`test/chaos/\`.
The same seed draws the same faults; where they meet a program differs with the machine's speed.

${tableOf(results, head)}
`;
}
