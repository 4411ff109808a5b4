import { readFileSync } from "node:fs";

/**
 * The official server's own list of endpoints, fields and types (server 2.3.0), as data: `name*` is required, `X[]` a list,
 * `enum(a|b)` one of these words, an object with `<key>` a map, any other object a document with these fields.
 */
export type FieldSpec = string | FieldSpecs | readonly [FieldSpec];
export interface FieldSpecs {
  readonly [field: string]: FieldSpec;
}

interface OfficialVersion {
  readonly request?: FieldSpecs;
}

interface Official {
  readonly types: FieldSpecs;
  /** By name, then by the version that brought this form of the request. */
  readonly endpoints: Readonly<Record<string, Readonly<Record<string, OfficialVersion>>>>;
}

export const OFFICIAL = JSON.parse(readFileSync(new URL("./endpoints.json", import.meta.url), "utf8")) as Official;
