import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { WindlassError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { readZip } from "../archive/zip.ts";
import { cacheFolder } from "../cache-folder.ts";
import type { Connection } from "../connection/connection.ts";
import type { ArtifactData } from "../data.ts";
import { fetchStored, localPath } from "../storage/storage.ts";
import { readNpy } from "./numpy.ts";

/** What a task stored. */
export class Artifact {
  readonly data: ArtifactData;
  readonly #connection: Connection;

  constructor(connection: Connection, data: ArtifactData) {
    this.#connection = connection;
    this.data = data;
  }

  get name(): string {
    return this.data.key;
  }

  /** Its address. */
  get url(): string {
    return this.data.uri ?? "";
  }

  /** Bytes; undefined for what is only an address. */
  get size(): number | undefined {
    return this.data.content_size;
  }

  get type(): string {
    return this.data.type;
  }

  /** `input` belongs to the task itself and survives clone and reset. */
  get mode(): "input" | "output" {
    return this.data.mode ?? "output";
  }

  /** SHA-256 of the file, hex. */
  get hash(): string | undefined {
    return this.data.hash;
  }

  /** When it was registered. */
  get timestamp(): Date {
    return new Date((this.data.timestamp ?? 0) * 1000);
  }

  get metadata(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.data.display_data ?? []);
  }

  get preview(): string {
    return this.data.type_data?.preview ?? "";
  }

  /** The stored thing: data of JSON or YAML, a text, an array of numbers, rows of a table, bytes; an archive as its folder's path. Throws `pickled` for a pickle. */
  async get(): Promise<unknown> {
    if (this.type === "pickle")
      throw new WindlassError(`the artifact ${this.name} is a pickle, which only Python reads`, {
        code: "pickled",
        hint: "getLocalCopy gives its file.",
      });
    const path = await this.getLocalCopy();
    if (this.type === "archive") return path;
    const bytes = await readFile(path);
    if (this.type === "string") return bytes.toString();
    if (this.type === "dict" || this.type === "JSON") return await dataIn(bytes.toString(), path);
    if (this.type === "numpy" && path.endsWith(".npz")) return arrayIn(path);
    return /\.csv(\.gz)?$/.test(path)
      ? (await import("./table.ts")).rowsOf((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString())
      : bytes;
  }

  /** A file of this machine with the content, downloaded once; for an archive the folder that it is taken apart into, unless that is not wanted. */
  async getLocalCopy({ extractArchive = true }: { readonly extractArchive?: boolean } = {}): Promise<string> {
    const file = localPath(this.url) ?? (await this.#downloaded());
    return this.type === "archive" && extractArchive ? await extracted(file) : file;
  }

  async #downloaded(): Promise<string> {
    const folder = await cacheFolder("artifacts", this.hash ?? newId());
    const path = join(folder, basename(decodeURIComponent(new URL(this.url).pathname)) || "artifact");
    if (existsSync(path)) return path;
    const partial = `${path}.${newId().slice(0, 8)}.part`;
    await pipeline(await fetchStored(this.#connection, this.url), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, path);
    return path;
  }
}

async function dataIn(text: string, path: string): Promise<unknown> {
  return /\.ya?ml$/.test(path) ? (await import("yaml")).parse(text) : JSON.parse(text);
}

function arrayIn(path: string): unknown {
  for (const { content } of readZip(path)) return readNpy(content);
  return undefined;
}

/** Beside the file; what would leave the folder is left out. */
async function extracted(file: string): Promise<string> {
  const folder = `${file}.d`;
  for (const { name, content } of readZip(file)) {
    if (name.startsWith("/") || name.split("/").includes("..")) continue;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}
