import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import { isShorter, isTrue, reprOf, strOf, typeNameOf } from "./python-text.ts";

/** A value does not fit its type; the message is what stands behind the field's name (clearml-services.md 1.1). */
export class Unfit extends Error {}

/** Reads the value of one field: checks it, and gives it back in its own type. */
export interface Reader {
  /** The official name of the type, as refusals write it. */
  readonly type: string;
  /** What is said when the field is not there; undefined: it need not be. */
  readonly absent?: string | undefined;
  read(value: unknown): unknown;
  /** An element of a list is not coerced: only what this accepts may stand there. */
  accepts(value: unknown): boolean;
  /** Missing fields inside the value: looked for after all values were read. */
  complete?(value: unknown): void;
}

export interface Bounds {
  readonly least?: number | undefined;
  readonly most?: number | undefined;
}

const REQUIRED = "Field is required!";
const wrong = (type: string, value: unknown): Unfit => new Unfit(`('Value is wrong, expected type "${type}"', ${reprOf(value)})`);
const isNothing = (value: unknown): boolean => value === null || value === undefined;

/** What all types have in common: null is nothing, and nothing is refused only where the field is required. */
function reader(type: string, required: boolean, read: (value: unknown) => unknown, accepts: (value: unknown) => boolean): Reader {
  return {
    type,
    absent: required ? REQUIRED : undefined,
    accepts,
    read(value) {
      if (!isNothing(value)) return read(value);
      if (required) throw new Unfit(REQUIRED);
      return value;
    },
  };
}

export function text(required: boolean, { least }: Bounds = {}): Reader {
  const accepts = (value: unknown): value is string => typeof value === "string";
  const read = (value: unknown): unknown => {
    if (!accepts(value)) throw wrong("str", value);
    if (least !== undefined && isShorter(value, least)) throw tooShort(value, least);
    return value;
  };
  return reader("str", required, read, accepts);
}

/** One of a few words; the official server has two kinds of them, which differ in the refusal. */
export function choice(required: boolean, words: readonly string[], className?: string): Reader {
  const known = new Set<unknown>(words);
  const read = (value: unknown): unknown => {
    if (known.has(value)) return value;
    if (className !== undefined) throw wrong(className, value);
    if (typeof value !== "string") throw wrong("str", value);
    throw new Unfit(`Value '${strOf(value)}' is not a valid choice.`);
  };
  return reader(className ?? "str", required, read, (value) => typeof value === "string");
}

/** `isStrict`: the events service names the field of a text that is no number, the others do not. */
export function integer(required: boolean, bounds: Bounds, isStrict: boolean): Reader {
  const read = (value: unknown): unknown => {
    const number = wholeNumber(value, isStrict);
    checkBounds(number, bounds);
    return number;
  };
  return reader("int", required, read, Number.isInteger);
}

/** As Python's `int()`: cuts fractions, reads texts of digits. */
function wholeNumber(value: unknown, isStrict: boolean): number {
  if (typeof value === "number") return Math.trunc(value);
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  if (isStrict) throw wrong("int", value);
  if (typeof value === "string") throw new ApiFault(400, 12, `Validation error (invalid literal for int() with base 10: ${reprOf(value)})`);
  throw new ApiFault(500, 0, `int() argument must be a string, a bytes-like object or a real number, not '${typeNameOf(value)}'`);
}

function checkBounds(number: number, { least, most }: Bounds): void {
  if (least !== undefined && number < least) throw new Unfit(`'${number}' is lower than minimum ('${least}').`);
  if (most !== undefined && number > most) throw new Unfit(`'${number}' is bigger than maximum ('${most}').`);
}

export function number(required: boolean, bounds: Bounds): Reader {
  const accepts = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean";
  const read = (value: unknown): unknown => {
    if (!accepts(value)) throw wrong("float, int", value);
    checkBounds(Number(value), bounds);
    return Number(value);
  };
  return reader("int, float", required, read, accepts);
}

export const flag = (required: boolean): Reader => reader("bool", required, isTrue, (value) => typeof value === "boolean");

/** `values`: what may stand in the map; documents in it are read as such. */
export function map(required: boolean, values?: Reader): Reader {
  const read = (value: unknown): unknown => {
    if (!isMap(value)) throw wrong("dict", value);
    if (values === undefined) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, element(values, item)]));
  };
  const complete = (value: unknown): void => {
    if (isMap(value)) for (const item of Object.values(value)) values?.complete?.(item);
  };
  return { ...reader("dict", required, read, isMap), complete };
}

/** A list that must not be empty says so even when it is absent. What is empty in Python's sense stands for the empty list. */
export function list(required: boolean, items: Reader, { least, most }: Bounds): Reader {
  const check = (values: readonly unknown[]): void => {
    if (least !== undefined && values.length < least) throw tooShort(values, least);
    if (most !== undefined && values.length > most)
      throw new Unfit(`Value '${strOf(values)}' length is bigger than allowed maximum '${most}'.`);
  };
  return {
    type: "list",
    absent: least !== undefined && least > 0 ? tooShort([], least).message : required ? REQUIRED : undefined,
    accepts: Array.isArray,
    read(value) {
      const values = isTrue(value) ? value : [];
      if (!Array.isArray(values)) throw wrong("list", value);
      const elements = values.map((item: unknown) => element(items, item));
      check(elements);
      return isNothing(value) ? value : elements;
    },
    complete(value) {
      if (Array.isArray(value)) for (const item of value) items.complete?.(item);
    },
  };
}

function element(items: Reader, value: unknown): unknown {
  if (items.accepts(value)) return items.read(value);
  throw new Unfit(`All items must be instances of "${items.type}", and not "${typeNameOf(value)}".`);
}

const tooShort = (value: unknown, least: number): Unfit =>
  new Unfit(`Value '${strOf(value)}' length is lower than allowed minimum '${least}'.`);

/** Anything, read by nobody. */
export const anything: Reader = { type: "object", read: (value) => value, accepts: () => true };

/** Values of labels: texts pass here, and are refused when they are stored. */
export const textOrInteger: Reader = {
  ...text(false),
  type: "str, int",
  accepts: (value) => typeof value === "string" || Number.isInteger(value),
  read: (value) => value,
};

/** Only texts and nulls: some lists name "no project" by null. */
export const textOrNull: Reader = { ...text(false), accepts: (value) => value === null || typeof value === "string" };
