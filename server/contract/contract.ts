import { ApiFault } from "../api-fault.ts";
import type { Body } from "../endpoint.ts";
import { versionNumber } from "../version.ts";
import { compileFields } from "./compile.ts";
import { FIELD_CORRECTIONS, NULL_FAILS, OLD_STYLE, PARTLY_TYPED, SCHEMA_CHECKED } from "./corrections.ts";
import { type Fields, missingIn, readFields } from "./documents.ts";
import { type FieldSpecs, OFFICIAL } from "./official.ts";
import { checkQuery, isQuery } from "./query-types.ts";
import { Unfit } from "./readers.ts";

/** Gives a request's body with its fields in their own types; throws what the official server says to a wrong one. */
export type BodyCheck = (body: Body) => Body;

/**
 * The one check of an endpoint's requests before its handler, made from the official list (clearml-services.md 1.1). Unknown
 * fields pass. `before`: the version from which another form of this endpoint answers. Undefined: nothing is to be checked.
 */
export function bodyCheckOf(name: string, before = Number.POSITIVE_INFINITY): BodyCheck | undefined {
  const request = PARTLY_TYPED[name] ?? officialFields(name, before);
  if (request === undefined) return undefined;
  const required = OLD_STYLE[name];
  if (required !== undefined) return (body) => checkQuery(name, requireAll(body, required));
  const fields = compileFields(request, name.startsWith("events."));
  const typed: BodyCheck = (body) => checkTypes(fields, body);
  const fatal = NULL_FAILS[name];
  if (fatal !== undefined) return (body) => refuseNull(typed(body), fatal);
  if (SCHEMA_CHECKED.has(name)) return (body) => typed(requireBySchema(body, requiredIn(request)));
  return isQuery(name) ? (body) => checkQuery(name, typed(body)) : fields.length === 0 ? undefined : typed;
}

function checkTypes(fields: Fields, body: Body): Body {
  try {
    const typed = readFields(fields, body, false);
    const missing = missingIn(fields, body);
    if (missing !== undefined) throw new Unfit(`Error for field '${missing[0]}'. ${missing[1]}`);
    return typed;
  } catch (error) {
    throw error instanceof Unfit ? new ApiFault(400, 12, `Validation error (${error.message.toLowerCase()})`) : error;
  }
}

/** A field that is null is there. */
function requireAll(body: Body, names: readonly string[]): Body {
  const missing = names.filter((name) => !Object.hasOwn(body, name));
  if (missing.length > 0) throw new ApiFault(400, 11, "Missing required fields", { missing });
  return body;
}

function requireBySchema(body: Body, names: readonly string[]): Body {
  const missing = names.find((name) => !Object.hasOwn(body, name));
  if (missing !== undefined) throw new ApiFault(400, 12, "Validation error", { message: `'${missing}' is a required property`, path: [] });
  return body;
}

function refuseNull(body: Body, name: string): Body {
  if (body[name] === null) throw new ApiFault(500, 0, "'NoneType' object has no attribute 'field'");
  return body;
}

/** The newest form of the request that the official server had before this version. */
function officialFields(name: string, before: number): FieldSpecs | undefined {
  const versions = Object.entries(OFFICIAL.endpoints[name] ?? {}).filter(([version]) => versionNumber(version) < before);
  const request = versions.at(-1)?.[1].request;
  return request === undefined ? undefined : corrected(request, FIELD_CORRECTIONS[name]);
}

function corrected(request: FieldSpecs, corrections: FieldSpecs = {}): FieldSpecs {
  const replaced = new Set(Object.keys(corrections).map(bare));
  return { ...Object.fromEntries(Object.entries(request).filter(([key]) => !replaced.has(bare(key)))), ...corrections };
}

const requiredIn = (request: FieldSpecs): string[] =>
  Object.keys(request)
    .filter((key) => key.endsWith("*"))
    .map(bare);
const bare = (key: string): string => key.replace(/\*$/, "");
