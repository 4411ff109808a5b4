import { ApiFault } from "../api-fault.ts";
import type { Document } from "../store/documents.ts";

/** Line formats of a downloaded console: Python's, as far as it takes names alone (clearml-tasks-events.md 9). */
export type Piece = string | { readonly name: string };

const NAMES = new Set(["asctime", "timestamp", "level", "worker", "msg"]);
const TOKEN = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** Throws 400/16 for names that a line does not have, and for what is no format. */
export function parseFormat(format: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of format.matchAll(TOKEN)) {
    pieces.push(format.slice(from, match.index), pieceOf(match));
    from = match.index + match[0].length;
  }
  const names = new Set(pieces.flatMap((piece) => (typeof piece === "string" || NAMES.has(piece.name) ? [] : [piece.name])));
  if (names.size > 0)
    throw new ApiFault(400, 16, "Invalid value for fields (undefined placeholders in line format)", { placeholders: [...names] });
  return [...pieces, format.slice(from)];
}

function pieceOf([token, name]: RegExpMatchArray): Piece {
  if (token === "{{" || token === "}}") return token.slice(1);
  if (name === undefined) throw invalid(`Single '${token}' encountered in format string`);
  if (name === "" || /^\d+$/.test(name)) throw invalid("Replacement index 0 out of range for positional args tuple");
  if (/[:!.[\]]/.test(name)) throw invalid(`unsupported format string: {${name}}`);
  return { name };
}

const invalid = (error: string): ApiFault => new ApiFault(400, 16, "Invalid value for fields (invalid line format)", { error });

/** Throws 500/0, as the official server fails, for a line that lacks a value. */
export function formatted(format: readonly Piece[], values: Document): string {
  return format
    .map((piece) => {
      if (typeof piece === "string") return piece;
      const value = values[piece.name];
      if (value === undefined) throw new ApiFault(500, 0, `General server error ('${piece.name}')`);
      return value === null ? "None" : String(value);
    })
    .join("");
}
