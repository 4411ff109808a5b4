import { gzipSync } from "node:zlib";

export type Row = Readonly<Record<string, unknown>>;

/** Rows as CSV with a head, gzipped: what pandas reads. The same rows give the same bytes. */
export function gzippedCsv(rows: readonly Row[]): Buffer {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return gzipSync(lines.map((cells) => `${cells.map(cellOf).join(",")}\n`).join(""));
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows of a CSV text; cells that are numbers are numbers, empty ones `null`. */
export function rowsOf(csv: string): Row[] {
  const [head = [], ...rows] = cellsOf(csv);
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, cellValue(row[at] ?? "")])));
}

const cellValue = (text: string): unknown =>
  text === "" ? null : text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;

function cellsOf(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = "", end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n\r]*))(,|\r?\n|$)/g)) {
    if (end === "" && row.length === 0 && quoted === undefined && plain === "") break;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") continue;
    rows.push(row);
    row = [];
    if (end === "") break;
  }
  return rows;
}
