import { isMap } from "../body.ts";
import { reprOf } from "../contract/python-text.ts";

/** Tables as the official server writes them (clearml-services.md 4): every cell quoted, lines end with CRLF. */
export const BYTE_ORDER_MARK = "\ufeff";

export const csvLine = (cells: readonly string[]): string => `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")}\r\n`;

/** A value as text: of an object its id, lists as Python writes them. What a spreadsheet would calculate is marked as text. */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  if (Array.isArray(value)) return `[${value.map((item) => reprOf(item)).join(", ")}]`;
  return isMap(value) && value["id"] !== undefined ? cellOf(value["id"]) : reprOf(value);
}
