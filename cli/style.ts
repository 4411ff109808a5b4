import { styleText } from "node:util";

type Colour = "green" | "red" | "yellow" | "bold" | "dim" | "cyan";

/** Colour on a terminal (NO_COLOR respected), plain text in a pipe. */
export function style(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stderr });
}

export function styleOut(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}

/** Rows under their heads, columns as wide as they need to be. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  return [styleOut("bold", line(heads)), ...rows.map(line)].map((row) => `${row}\n`).join("");
}

/** `3 min 5 s ago` in its shortest form. */
export function ago(date: string | undefined): string {
  const ms = date === undefined ? Number.NaN : Date.now() - Date.parse(date);
  if (Number.isNaN(ms)) return "-";
  const seconds = Math.max(Math.round(ms / 1000), 0);
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
