import { ApiFault } from "./api-fault.ts";
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

/** A version as one number that compares rightly: 2.9 → 2.09, 2.13 → 2.13. */
export function versionNumber(version: string): number {
  const [major = "0", minor = "0"] = version.split(".");
  return Number(major) + Number(minor) / 100;
}

/** Query fields as the server reads them: digits are numbers, `true`/`false` booleans, repeated keys lists, dots nest. */
export function queryFields(search: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const params = new URLSearchParams(search);
  for (const key of new Set(params.keys())) {
    const values = params.getAll(key).map(typedValue);
    const name = key.replace(/\[\]$/, "");
    setNested(fields, name.split("."), values.length > 1 || key.endsWith("[]") ? values : values[0]);
  }
  return fields;
}

function typedValue(text: string): unknown {
  if (/^\d+$/.test(text)) return Number(text);
  return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text;
}

function setNested(target: Record<string, unknown>, [first = "", ...rest]: string[], value: unknown): void {
  if (first === "__proto__") return;
  if (rest.length === 0) target[first] = value;
  else setNested((target[first] ??= {}) as Record<string, unknown>, rest, value);
}
