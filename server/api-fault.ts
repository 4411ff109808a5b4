import { reprOf } from "./contract/python-text.ts";

/** A refusal in the server's own numbers (clearml-api.md 1.8); becomes the envelope's result code, subcode and message. */
export class ApiFault extends Error {
  override readonly name = "ApiFault";
  readonly code: number;
  readonly subcode: number;
  /** The message without its details. */
  readonly text: string;
  /** What stands behind the message as `key=value`; batch calls give it as `error.data` too. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: number, subcode: number, text: string, details: Readonly<Record<string, unknown>> = {}) {
    const pairs = Object.entries(details).map(([key, value]) => `${key}=${inPython(value)}`);
    super(pairs.length === 0 ? text : `${text}: ${pairs.join(", ")}`);
    this.code = code;
    this.subcode = subcode;
    this.text = text;
    this.details = details;
  }
}

/** A refusal after which what the call wrote before it stays, as on the official server, which has no transactions. */
export class SettledFault extends ApiFault {
  static of({ code, subcode, text, details }: ApiFault): SettledFault {
    return new SettledFault(code, subcode, text, details);
  }
}

/** Lists in lists are printed so far down. */
const MAX_DEPTH = 100;

/** A value as the official server prints it in its messages: lists in round brackets, Python's words. */
function inPython(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (!Array.isArray(value)) return String(value);
  return depth > MAX_DEPTH ? "(…)" : `(${value.map((item) => inPython(item, depth + 1)).join(", ")})`;
}

/** 403/21: who owns a public object is told by its list, written as Python writes it. */
export function publicObject(kind: string, ids: readonly string[]): ApiFault {
  const tuple = `(${ids.map((id) => `'${id}'`).join(", ")}${ids.length === 1 ? "," : ""})`;
  return new ApiFault(403, 21, `Forbidden (modification not allowed) (cannot modify public ${kind}(s), ids=${tuple})`);
}

export const invalidTask = (id: unknown): ApiFault => new ApiFault(400, 101, "Invalid task id", { id });
export const invalidQueue = (id: unknown): ApiFault => new ApiFault(400, 701, "Invalid queue id", { id });
/** Validation in the words of the official server's typed requests (clearml-services.md 1.1). */
export const missingField = (name: string): ApiFault =>
  new ApiFault(400, 12, `Validation error (error for field '${name}'. field is required!)`);
/** `expected`: a Python type's name, as `str`, `int`, `list`, `dict`. */
export const wrongType = (name: string, expected: string, value?: unknown): ApiFault =>
  new ApiFault(
    400,
    12,
    `Validation error (error for field '${name}': ${`('value is wrong, expected type "${expected}"', ${reprOf(value)})`.toLowerCase()}.)`,
  );
