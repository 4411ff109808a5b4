import { markdownTable } from "../test/support/markdown-table.ts";

/** One measured thing, held against its limit in the same run. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly limit: string;
  /** Ours against the limit, e.g. `1.32 × the time` or `0.9 × the rate`. */
  readonly ratio: string;
  readonly aim: string;
}

export function printTable(rows: readonly Row[]): void {
  const columns = ["what", "ours", "limit", "ratio", "aim"] as const;
  process.stdout.write(`${markdownTable([columns, ...rows.map((row) => columns.map((column) => row[column]))])}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export const inMs = (ms: number): string => `${ms.toFixed(0)} ms`;
export const times = (ratio: number, of: string): string => `${ratio.toFixed(2)} × ${of}`;
