import { markdownTable } from "../support/markdown-table.ts";
import { countsAsText, type Result } from "./result.ts";

export interface Head {
  readonly date: string;
  readonly commit: string;
}

const COLUMNS = ["date", "commit", "seed", "what", "counts", "seconds", "verdict"] as const;
const WHAT = COLUMNS.indexOf("what");

export type Row = readonly string[];

export function rowOf(result: Result, { date, commit }: Head): Row {
  return [
    date,
    commit,
    String(result.seed),
    result.engine === "none" ? result.name : `${result.name}, ${result.engine}`,
    countsAsText(result.counts),
    String(result.seconds),
    result.faults.length === 0 ? "passed" : `FAILED (${result.faults.length})`,
  ];
}

export const tableOf = (rows: readonly Row[]): string => markdownTable([COLUMNS, ...rows]);

/** The rows of a page that was written before. */
export function rowsIn(page: string): Row[] {
  const lines = page.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}

/** A full run takes long and may be made in parts: the last result of each scenario counts. */
export function withRow(rows: readonly Row[], row: Row): Row[] {
  const at = rows.findIndex((one) => one[WHAT] === row[WHAT]);
  return at < 0 ? [...rows, row] : rows.with(at, row);
}

/** The page that is committed after a full run. */
export function pageOf(rows: readonly Row[], command: string): string {
  return `# What chaos leaves whole

The last result of each scenario of \`${command}\`. What a scenario does to agent, server and network stands at the top of its file in \`test/chaos/\`.
The same seed draws the same faults; where they meet a program differs with the machine's speed.

${tableOf(rows)}
`;
}
