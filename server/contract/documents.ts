import { isMap } from "../body.ts";
import { reprOf } from "./python-text.ts";
import { type Reader, Unfit } from "./readers.ts";

type Values = Readonly<Record<string, unknown>>;

/** The fields of a document in the order in which the official server looks at them: by name. */
export type Fields = readonly (readonly [name: string, reader: Reader])[];

/**
 * The values of these fields, checked and in their own types. `isWhole`: the document keeps no others (documents inside a
 * request); else the rest passes as it is, and a document that needs no change is given back itself.
 */
export function readFields(fields: Fields, given: Values, isWhole: boolean): Values {
  let result: Record<string, unknown> = isWhole ? {} : given;
  for (const [name, reader] of fields) {
    if (!Object.hasOwn(given, name)) continue;
    const value = readField(name, reader, given[name]);
    if (value !== given[name] && result === given) result = { ...given };
    if (result !== given) result[name] = value;
  }
  return result;
}

function readField(name: string, reader: Reader, given: unknown): unknown {
  try {
    const value = reader.read(given);
    reader.complete?.(value);
    return value;
  } catch (error) {
    throw error instanceof Unfit ? new Unfit(`Error for field '${name}': ${error.message}.`) : error;
  }
}

/** The first field that must be there and is not, with what is to be said about it. */
export function missingIn(fields: Fields, given: Values): readonly [name: string, text: string] | undefined {
  for (const [name, { absent }] of fields) if (absent !== undefined && !Object.hasOwn(given, name)) return [name, absent];
  return undefined;
}

/** A document inside a request. What is missing in it is looked for when all its neighbours were read. */
export function document(type: string, required: boolean, fields: Fields): Reader {
  const absent = required ? "Field is required!" : undefined;
  return {
    type,
    absent,
    accepts: isMap,
    read(value) {
      if (isMap(value)) return readFields(fields, value, true);
      if (value !== null && value !== undefined) throw new Unfit(`('Value is wrong, expected type "${type}"', ${reprOf(value)})`);
      if (absent !== undefined) throw new Unfit(absent);
      return value;
    },
    complete(value) {
      const missing = isMap(value) ? missingIn(fields, value) : undefined;
      if (missing !== undefined) throw new Unfit(`("Error for field '${missing[0]}'.", ValidationError(${reprOf(missing[1])}))`);
    },
  };
}
