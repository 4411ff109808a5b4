import { createWriteStream, existsSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { WindlassError } from "../../base/errors.ts";
import { entriesBelow, writeZip, type ZipEntry } from "../archive/zip.ts";
import { isPlain } from "../parameters/flatten.ts";
import { contentTypeOf } from "./content-types.ts";
import { type NumberArray, npyOf } from "./numpy.ts";
import { sizeText } from "./size-text.ts";

/** What a program may store: see `serialized`. */
export type ArtifactObject = string | URL | object;

/** What an artifact is on its way to storage. */
export interface Serialized {
  /** As the official SDK names it, which decides what a Python program reads (task-class.md D2). */
  readonly type: "dict" | "string" | "custom" | "archive" | "numpy" | "data-audit-table";
  readonly contentType: string;
  readonly preview: string;
  /** Where it already is: nothing is uploaded. */
  readonly url?: string;
  readonly file?: { readonly name: string; readonly content: Uint8Array | string; readonly isTemporary?: boolean };
}

const REMOTE = /^(https?|s3|gs|azure):\/\/\S+$/i;

/**
 * Objects and lists as JSON; a text as the file or folder (zip) of that path, as an address, or as itself; a list of paths as a zip;
 * bytes, blobs and streams as they are; typed arrays as numpy's. Nothing is pickled. Throws `bad-artifact`.
 */
export async function serialized(name: string, object: ArtifactObject, extension?: string): Promise<Serialized> {
  if (object instanceof URL) return object.protocol === "file:" ? ofPath(fileURLToPath(object)) : ofAddress(object.href);
  if (typeof object === "string") return await ofText(name, object);
  if (object instanceof Uint8Array) return ofBytes(name, object, extension);
  if (object instanceof Blob) return ofBytes(name, new Uint8Array(await object.arrayBuffer()), extension);
  if (ArrayBuffer.isView(object) && !(object instanceof DataView)) return await ofNumbers(name, object as NumberArray);
  if (object instanceof ReadableStream || object instanceof Readable) return await ofStream(name, object, extension);
  if (isListOfPaths(object)) return await ofPaths(`${name}.zip`, object);
  if (isPlain(object) || Array.isArray(object)) return ofJson(name, object);
  throw new WindlassError(`the artifact ${name} is neither data nor a text, a path, bytes or a stream`, {
    code: "bad-artifact",
    hint: "Give it as a plain object, or write it to a file.",
  });
}

function ofJson(name: string, object: object): Serialized {
  const text = JSON.stringify(sorted(object), undefined, 4);
  return { type: "dict", contentType: "application/json", preview: text, file: { name: `${name}.json`, content: Buffer.from(text) } };
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
};

async function ofText(name: string, text: string): Promise<Serialized> {
  if (REMOTE.test(text) && text.length < 4096) return ofAddress(text);
  if (text.length < 4096 && text !== "" && !text.includes("\0") && existsSync(text)) return await ofPath(text);
  return { type: "string", contentType: "text/plain", preview: text, file: { name: `${name}.txt`, content: Buffer.from(text) } };
}

const ofAddress = (url: string): Serialized => ({ type: "custom", contentType: contentTypeOf(new URL(url).pathname), preview: "", url });

async function ofPath(path: string): Promise<Serialized> {
  if (statSync(path).isDirectory()) return await ofFolder(path);
  const name = basename(path);
  const preview = `${name} - ${sizeText(statSync(path).size)}`;
  return { type: "custom", contentType: contentTypeOf(name), preview, file: { name, content: resolve(path) } };
}

async function ofFolder(path: string): Promise<Serialized> {
  return await ofEntries(`${basename(resolve(path))}.zip`, entriesBelow(path), `Archive content ${path}:`);
}

const isListOfPaths = (object: object): object is string[] =>
  Array.isArray(object) && object.length > 0 && object.every((item) => typeof item === "string" && item !== "" && existsSync(item));

async function ofPaths(name: string, paths: readonly string[]): Promise<Serialized> {
  return await ofEntries(
    name,
    paths.map((path) => ({ name: basename(path), content: path })),
    "Archive content:",
  );
}

async function ofEntries(name: string, entries: readonly ZipEntry[], head: string): Promise<Serialized> {
  const path = await temporaryFile(name);
  writeZip(path, entries);
  const lines = entries.map(({ name: inside, content }) => `${inside} - ${sizeText(statSync(content as string).size)}`);
  return {
    type: "archive",
    contentType: "application/zip",
    preview: [head, ...lines].join("\n"),
    file: { name, content: path, isTemporary: true },
  };
}

async function ofNumbers(name: string, array: NumberArray): Promise<Serialized> {
  const path = await temporaryFile(`${name}.npz`);
  writeZip(path, [{ name: `${name}.npy`, content: npyOf(array) }]);
  const preview = `${array.constructor.name}(${array.length}) [${array.slice(0, 20).join(", ")}${array.length > 20 ? ", …" : ""}]`;
  return { type: "numpy", contentType: "application/numpy", preview, file: { name: `${name}.npz`, content: path, isTemporary: true } };
}

function ofBytes(name: string, content: Uint8Array, extension = ".bin"): Serialized {
  const file = `${name}${extension}`;
  return {
    type: "custom",
    contentType: contentTypeOf(file),
    preview: `${file} - ${sizeText(content.length)}`,
    file: { name: file, content },
  };
}

async function ofStream(name: string, stream: ReadableStream | Readable, extension = ".bin"): Promise<Serialized> {
  const file = `${name}${extension}`;
  const path = await temporaryFile(file);
  await pipeline(stream as Readable, createWriteStream(path, { mode: 0o600 }));
  const preview = `${file} - ${sizeText(statSync(path).size)}`;
  return { type: "custom", contentType: contentTypeOf(file), preview, file: { name: file, content: path, isTemporary: true } };
}

const temporaryFile = async (name: string): Promise<string> => join(await mkdtemp(join(tmpdir(), "windlass-artifact-")), basename(name));
