import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** Reads a growing file: a window of bytes from a position, and a way to wait for more. */
const CHUNK_BYTES = 2 ** 20;
/** Where change events get lost (some network file systems), the file is looked at this often. */
const FALLBACK_MS = 1_000;

export class SpoolReader {
  readonly #file: FileHandle;
  readonly #watcher: FSWatcher | undefined;
  #buffer = Buffer.alloc(0);
  /** Offset in the file of the window's first byte. */
  #position: number;
  #changed = true;
  #wake: (() => void) | undefined;
  /** The byte before the window, 0x0a at the start of the file. */
  #before = 0x0a;

  private constructor(file: FileHandle, position: number, watcher: FSWatcher | undefined) {
    this.#file = file;
    this.#position = position;
    this.#watcher = watcher;
    watcher?.on("change", () => this.wake()).on("error", () => undefined);
  }

  static async open(path: string, position: number): Promise<SpoolReader> {
    const file = await open(path, "a+", 0o600);
    const reader = new SpoolReader(file, position, tryWatch(path));
    await reader.#learnBefore();
    return reader;
  }

  get position(): number {
    return this.#position;
  }

  get window(): Buffer {
    return this.#buffer;
  }

  /** The window begins inside a line. */
  get midLine(): boolean {
    return this.#before !== 0x0a;
  }

  wake(): void {
    this.#changed = true;
    this.#wake?.();
  }

  /** Reads on, unless the window already holds a segment's worth: `end` means that the file has no more at the moment. */
  async fill(enough: number): Promise<"grew" | "enough" | "end"> {
    if (this.#buffer.length >= enough) return "enough";
    this.#changed = false;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#position + this.#buffer.length);
    if (bytesRead === 0) return "end";
    const read = chunk.subarray(0, bytesRead);
    this.#buffer = this.#buffer.length === 0 ? read : Buffer.concat([this.#buffer, read]);
    this.#changed = bytesRead === chunk.length;
    return "grew";
  }

  /** Of the whole file, in bytes. */
  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  /** Exactly this range of the file, for a batch of before a crash. */
  async range(from: number, to: number): Promise<{ bytes: Buffer; midLine: boolean }> {
    const start = Math.max(0, from - 1);
    const buffer = Buffer.alloc(to - start);
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, start);
    if (bytesRead < buffer.length)
      throw new Error(`the console's file is shorter than what was sent of it (${start + bytesRead} of ${to} bytes)`);
    return { bytes: buffer.subarray(from - start), midLine: from > 0 && buffer[0] !== 0x0a };
  }

  /** Drops the first `count` bytes of the window. */
  advance(count: number): void {
    if (count === 0) return;
    this.#before = this.#buffer[count - 1] ?? this.#before;
    this.#buffer = this.#buffer.subarray(count);
    this.#position += count;
  }

  async skipTo(position: number): Promise<void> {
    this.#buffer = Buffer.alloc(0);
    this.#position = position;
    this.#changed = true;
    await this.#learnBefore();
  }

  /** Resolves on a change of the file, on `wake`, or after `ms`. */
  async waitForMore(ms: number = FALLBACK_MS): Promise<void> {
    if (this.#changed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, FALLBACK_MS));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    await this.#file.close();
  }

  async #learnBefore(): Promise<void> {
    const byte = Buffer.from([0x0a]);
    if (this.#position > 0) await this.#file.read(byte, 0, 1, this.#position - 1);
    this.#before = byte[0] ?? 0x0a;
  }
}

function tryWatch(path: string): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false });
  } catch {
    return undefined;
  }
}
