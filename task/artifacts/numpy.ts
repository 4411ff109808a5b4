import { WindlassError } from "../../base/errors.ts";

/** Arrays as numpy stores them (`.npy`, format 1.0), little-endian as on every machine that Node runs on. */
export type NumberArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** An array of more than one dimension, in the order of C. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: NumberArray;
}

const KINDS = {
  "<f8": Float64Array,
  "<f4": Float32Array,
  "|i1": Int8Array,
  "|u1": Uint8Array,
  "<i2": Int16Array,
  "<u2": Uint16Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
} as const;

const MAGIC = "\x93NUMPY\x01\x00";

export function npyOf(array: NumberArray): Buffer {
  const kind = Object.entries(KINDS).find(([, type]) => array instanceof type)?.[0] ?? "|u1";
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${array.length},), }`;
  const head = text.padEnd(Math.ceil((MAGIC.length + 2 + text.length + 1) / 64) * 64 - MAGIC.length - 2 - 1);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(head.length + 1);
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return Buffer.concat([Buffer.from(MAGIC, "latin1"), length, Buffer.from(`${head}\n`, "latin1"), bytes]);
}

/** A flat array as it is, any other with its shape. Throws `bad-numpy` for kinds that JavaScript has not. */
export function readNpy(bytes: Buffer): NumberArray | ShapedArray {
  const start = bytes[6] === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  const head = bytes.toString("latin1", 8, start);
  const kind = /'descr': '([^']+)'/.exec(head)?.[1] as keyof typeof KINDS;
  const Type = KINDS[kind];
  if (Type === undefined || /'fortran_order': True/.test(head))
    throw new WindlassError(`an array of numpy's kind ${kind} cannot be read`, { code: "bad-numpy" });
  const shape = [...(/'shape': \(([^)]*)\)/.exec(head)?.[1] ?? "").matchAll(/\d+/g)].map(Number);
  const copy = new Uint8Array(bytes.subarray(start)).buffer;
  const data = new Type(copy);
  return shape.length === 1 ? data : { shape, data };
}
