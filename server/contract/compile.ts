import { CLASS_NAMES, TYPE_CORRECTIONS } from "./corrections.ts";
import { document, type Fields } from "./documents.ts";
import { type FieldSpec, type FieldSpecs, OFFICIAL } from "./official.ts";
import {
  anything,
  type Bounds,
  choice,
  flag,
  integer,
  list,
  map,
  number,
  type Reader,
  text,
  textOrInteger,
  textOrNull,
} from "./readers.ts";

/** From the official list's words to readers. Ours beside them: `class name(a|b)`, `string?`, and bounds as `integer(1..6000)`. */
const BOUNDED = /^(.+)\((\d*)\.\.(\d*)\)$/;
const WORDS = /^(?:enum|class (\w+))\((.*)\)$/;
const TYPES: FieldSpecs = { ...OFFICIAL.types, ...TYPE_CORRECTIONS };

interface Place {
  readonly required: boolean;
  readonly bounds: Bounds;
  /** Whole numbers as the events service reads them. */
  readonly strictIntegers: boolean;
}

export function compileFields(specs: FieldSpecs, strictIntegers: boolean): Fields {
  return Object.entries(specs)
    .map(([key, spec]): [string, Reader] => {
      const required = key.endsWith("*");
      return [required ? key.slice(0, -1) : key, readerOf(spec, { required, bounds: {}, strictIntegers })];
    })
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function readerOf(spec: FieldSpec, place: Place): Reader {
  if (typeof spec === "string") return readerOfText(spec, place);
  if (Array.isArray(spec)) return listOf(spec[0] as FieldSpec, place);
  return readerOfFields(spec as FieldSpecs, "dict", place);
}

function readerOfText(spec: string, place: Place): Reader {
  const [, bounded, least, most] = BOUNDED.exec(spec) ?? [];
  if (bounded !== undefined) return readerOfText(bounded, { ...place, bounds: { least: boundOf(least), most: boundOf(most) } });
  if (spec.endsWith("[]")) return listOf(spec.slice(0, -2), place);
  const [, className, words] = WORDS.exec(spec) ?? [];
  if (words !== undefined) return choice(place.required, words.split("|"), className);
  return simpleReader(spec, place) ?? namedReader(spec, place);
}

/** A list that is required must not be empty. */
function listOf(items: FieldSpec, { required, bounds, strictIntegers }: Place): Reader {
  const least = bounds.least ?? (required ? 1 : undefined);
  return list(required, readerOf(items, { required: false, bounds: {}, strictIntegers }), { ...bounds, least });
}

function simpleReader(spec: string, { required, bounds, strictIntegers }: Place): Reader | undefined {
  if (spec === "string" || spec === "string(date-time)") return text(required, bounds);
  if (spec === "string?") return textOrNull;
  if (spec === "string|integer") return textOrInteger;
  if (spec === "integer") return integer(required, bounds, strictIntegers);
  if (spec === "number") return number(required, bounds);
  if (spec === "boolean") return flag(required);
  return spec === "object" ? map(required) : spec === "any" ? anything : undefined;
}

function namedReader(name: string, place: Place): Reader {
  const type = TYPES[name];
  if (type === undefined) throw new Error(`The contract names an unknown type: ${name}`);
  if (typeof type === "string" || Array.isArray(type)) return readerOf(type, place);
  return readerOfFields(type as FieldSpecs, CLASS_NAMES[name] ?? name.replaceAll("_", ""), place);
}

function readerOfFields(fields: FieldSpecs, className: string, { required, strictIntegers }: Place): Reader {
  const values = fields["<key>"];
  if (values !== undefined) return map(required, readerOf(values, { required: false, bounds: {}, strictIntegers }));
  return document(className, required, compileFields(fields, strictIntegers));
}

const boundOf = (text: string | undefined): number | undefined => (text === undefined || text === "" ? undefined : Number(text));
