import { ApiFault } from "./api-fault.ts";
import { isMap } from "./body.ts";
import { API_VERSION } from "./version.ts";

/** `[/][vX.Y/]service.action[/]`; a version has two digit characters at least (clearml-api.md 1.1). */
const PATH = /^\/*(?:v(\d+\.\d+|\d{2,})\/)?([A-Za-z_]\w*)\.([A-Za-z_]\w*)\/?$/;

export interface ParsedPath {
  readonly endpoint: string;
  readonly version: string;
}

export function parsePath(path: string): ParsedPath {
  const match = PATH.exec(path);
  if (match === null) throw new ApiFault(400, 0, `Invalid request path ${path}`);
  return { endpoint: `${match[2]}.${match[3]}`, version: match[1] ?? API_VERSION };
}

const MAX_NESTING = 32;

/** Names that lead from an object to what all objects share. */
const SHARED = new Set(["__proto__", "constructor", "prototype"]);

/** Query fields as the server reads them: digits are numbers, `true`/`false` booleans, repeated keys lists, dots nest. */
export function queryFields(search: string): Record<string, unknown> {
  const fields = emptyFields();
  const params = new URLSearchParams(search);
  for (const key of new Set(params.keys())) {
    const values = params.getAll(key).map(typedValue);
    const parts = key.replace(/\[\]$/, "").split(".");
    if (parts.length > MAX_NESTING) throw new ApiFault(400, 12, "Validation error (field name is nested too deep)");
    setNested(fields, parts, values.length > 1 || key.endsWith("[]") ? values : values[0]);
  }
  return fields;
}

/** An object that has nothing but what is put into it. */
const emptyFields = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;

function typedValue(text: string): unknown {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text;
}

function setNested(target: Record<string, unknown>, [first = "", ...rest]: string[], value: unknown): void {
  if (SHARED.has(first)) throw new ApiFault(400, 12, "Validation error (invalid field name)", { field: first });
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const below = (target[first] ??= emptyFields());
  if (!isMap(below)) throw new ApiFault(400, 12, "Validation error (field given twice, with a value and with fields)", { field: first });
  setNested(below, rest, value);
}
