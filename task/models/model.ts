import { createWriteStream, existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { newId } from "../../base/ids.ts";
import { cacheFolder } from "../cache-folder.ts";
import type { Connection } from "../connection/connection.ts";
import { fetchStored, localPath } from "../storage/storage.ts";

/** The server's model document, as far as programs read it (clearml-services.md). */
export interface ModelData {
  readonly id: string;
  readonly name: string;
  readonly uri?: string;
  readonly framework?: string;
  readonly comment?: string;
  readonly tags?: readonly string[];
  readonly labels?: Readonly<Record<string, number>>;
  readonly task?: string;
  readonly project?: string;
  readonly ready?: boolean;
  readonly iteration?: number;
}

/** A stored model. */
export class Model {
  readonly data: ModelData;
  /** What the task calls it; the model's own name where no task is in play. */
  readonly entryName: string;
  readonly #connection: Connection;

  constructor(connection: Connection, data: ModelData, entryName = data.name) {
    this.#connection = connection;
    this.data = data;
    this.entryName = entryName;
  }

  get id(): string {
    return this.data.id;
  }

  get name(): string {
    return this.data.name;
  }

  /** Address of its file. */
  get url(): string {
    return this.data.uri ?? "";
  }

  /** Whether it is published. */
  get published(): boolean {
    return this.data.ready === true;
  }

  /** A file of this machine with the weights, downloaded once. */
  async getLocalCopy(): Promise<string> {
    const local = localPath(this.url);
    if (local !== undefined) return local;
    const path = join(await cacheFolder("models", this.id), basename(decodeURIComponent(new URL(this.url).pathname)));
    if (existsSync(path)) return path;
    const partial = `${path}.${newId().slice(0, 8)}.part`;
    await pipeline(await fetchStored(this.#connection, this.url), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, path);
    return path;
  }
}
