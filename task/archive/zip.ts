import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { join, relative } from "node:path";
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { WindlassError } from "../../base/errors.ts";

/**
 * Zip files, as far as tasks need them: entries are deflated one by one, so that no more than one file is in memory. Sizes beyond
 * 4 GiB (zip64) are refused with a sentence. Everything is synchronous: an offline session is also written while a process exits.
 */
export interface ZipEntry {
  /** With `/` between its parts. */
  readonly name: string;
  /** Of a file, or its bytes. */
  readonly content: string | Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DEFLATED = 8;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1980-01-01, the first day that a zip file knows: the same content gives the same file. */
const EPOCH = 0x21;
const LARGEST = 0xffff_ffff;

/** Writes the files as a zip file. */
export function writeZip(target: string, entries: readonly ZipEntry[]): void {
  const file = openSync(target, "w", 0o600);
  try {
    const directory: Buffer[] = [];
    let offset = 0;
    for (const { name, content: source } of entries) {
      const content = typeof source === "string" ? readFileSync(source) : Buffer.from(source);
      const packed = deflateRawSync(content);
      const head = headOf(name, content, packed);
      directory.push(Buffer.concat([centralOf(head, offset), Buffer.from(name)]));
      offset += write(file, Buffer.concat([signed(LOCAL, head), Buffer.from(name)])) + write(file, packed);
      if (offset > LARGEST || content.length > LARGEST)
        throw new WindlassError(`${target} would be too large for a zip file`, { code: "zip-too-large" });
    }
    const listed = Buffer.concat(directory);
    write(file, listed);
    write(file, endOf(directory.length, listed.length, offset));
  } finally {
    closeSync(file);
  }
}

/** Every file below a folder, by its path in it. */
export function entriesBelow(folder: string): ZipEntry[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = found.map((entry) => join(entry.parentPath, entry.name));
  return paths
    .map((path) => ({ content: path, name: relative(folder, path).replaceAll("\\", "/") }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function write(file: number, bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  return bytes.length;
}

/** What local and central heads share: version, flags, method, time, date, checksum, sizes, length of name and extra. */
function headOf(name: string, content: Buffer, packed: Buffer): Buffer {
  const head = Buffer.alloc(26);
  head.writeUInt16LE(20, 0);
  head.writeUInt16LE(FLAGS, 2);
  head.writeUInt16LE(DEFLATED, 4);
  head.writeUInt16LE(EPOCH, 8);
  head.writeUInt32LE(crc32(content), 10);
  head.writeUInt32LE(packed.length, 14);
  head.writeUInt32LE(content.length, 18);
  head.writeUInt16LE(Buffer.byteLength(name), 22);
  return head;
}

function signed(signature: number, rest: Buffer): Buffer {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(signature);
  return Buffer.concat([mark, rest]);
}

function centralOf(head: Buffer, offset: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE((0o100644 << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  return signed(CENTRAL, Buffer.concat([Buffer.from([20, 3]), head, tail]));
}

function endOf(count: number, length: number, offset: number): Buffer {
  const end = Buffer.alloc(18);
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(length, 8);
  end.writeUInt32LE(offset, 12);
  return signed(END, end);
}

/** The files of a zip file, one after the other; folders are left out. Throws `bad-zip` for what is none. */
export function* readZip(path: string): Generator<{ readonly name: string; readonly content: Buffer }> {
  const file = openSync(path, "r");
  try {
    for (const { name, method, packedBytes, offset } of directoryOf(path, file)) {
      const head = readAt(file, offset, 30);
      const start = offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
      const packed = readAt(file, start, packedBytes);
      if (!name.endsWith("/")) yield { name, content: method === 0 ? packed : inflateRawSync(packed) };
    }
  } finally {
    closeSync(file);
  }
}

interface Listed {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly offset: number;
}

/** The end of a zip file has its comment behind it, of up to 64 KiB. */
const LONGEST_END = 22 + 0xffff;

function directoryOf(path: string, file: number): Listed[] {
  const { size } = fstatSync(file);
  const tail = readAt(file, Math.max(0, size - LONGEST_END), Math.min(size, LONGEST_END));
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(END);
  const end = tail.lastIndexOf(mark);
  if (end < 0) throw new WindlassError(`${path} is no zip file`, { code: "bad-zip" });
  const bytes = readAt(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const listed: Listed[] = [];
  for (let at = 0, left = tail.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place)) as [number, number, number];
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    listed.push({
      name,
      method: bytes.readUInt16LE(at + 10),
      packedBytes: bytes.readUInt32LE(at + 20),
      offset: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + extra + comment;
  }
  return listed;
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, length - at, offset + at);
    if (read === 0) throw new WindlassError("the zip file ends too early", { code: "bad-zip" });
    at += read;
  }
  return bytes;
}
