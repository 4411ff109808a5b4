import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { backgroundClock, MINUTE_MS } from "../../base/clock.ts";
import { WindlassError } from "../../base/errors.ts";
import { Artifact } from "../artifacts/artifact.ts";
import { digestOf } from "../artifacts/digest.ts";
import { type ArtifactObject, type Serialized, serialized } from "../artifacts/serialize.ts";
import { gzippedCsv, type Row } from "../artifacts/table.ts";
import type { ArtifactData } from "../data.ts";
import { partOf } from "../storage/stored-paths.ts";
import { ReportingTask } from "./reporting.ts";

export interface ArtifactOptions {
  /** Noted beside the artifact; every value becomes a text. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Shown in the place of what is found by itself. */
  readonly preview?: string;
  /** Of bytes and streams, with its point: `.png`. */
  readonly extension?: string;
  /** The program's own file is removed once it is stored. */
  readonly deleteAfterUpload?: boolean;
}

/** Rows, or what gives them at the moment in which they are stored. */
export type WatchedRows = readonly Row[] | (() => readonly Row[]);

const LONGEST_PREVIEW = 64 * 1024;
const WATCH_EVERY_MS = 5 * MINUTE_MS;
/** gzip's head holds nothing of the content; a change of the data is looked for behind it (task-class.md D1). */
const SKIPPED_BYTES = 32;

interface Watched {
  readonly rows: WatchedRows;
  readonly options: ArtifactOptions;
  storedHash?: string;
}

/** What a task stores, and what it keeps a watch on. */
export class ArtifactTask extends ReportingTask {
  readonly #watched = new Map<string, Watched>();
  #isWatching = false;

  /**
   * Stores data, a text, a file, a folder, bytes, a stream or an array of numbers under a name, and registers it with the task; a
   * name that is there already is replaced. Resolves when it is stored: false when the server did not take it, which is told in a
   * line. Nobody has to wait for it: a flush and the end of the program do. Rejects with `bad-artifact` for what cannot be stored.
   */
  async uploadArtifact(name: string, object: ArtifactObject, options: ArtifactOptions = {}): Promise<boolean> {
    const content = await serialized(name, object, options.extension);
    return await this.#store(name, content, options);
  }

  /** By their names, as far as this process knows them. */
  get artifacts(): Readonly<Record<string, Artifact>> {
    const all = this.known.execution?.artifacts ?? [];
    return Object.fromEntries(all.map((artifact) => [artifact.key, new Artifact(this.connection, artifact)]));
  }

  /** Registers artifacts as they are, each in the place of one of the same name; nothing is uploaded. */
  async setArtifacts(artifacts: readonly ArtifactData[]): Promise<void> {
    await this.ask("tasks.add_or_update_artifacts", { task: this.id, artifacts, force: true });
    this.#know(artifacts);
  }

  /** Keeps a watch on a table: it is stored as gzipped CSV now, every five minutes when it changed, and at the end. */
  registerArtifact(name: string, rows: WatchedRows, options: ArtifactOptions = {}): void {
    if (this.artifacts[name] !== undefined && !this.#watched.has(name))
      throw new WindlassError(`there is an artifact named ${name} already`, { code: "bad-artifact" });
    const watched = { rows, options };
    this.#watched.set(name, watched);
    this.inBackground(this.#snapshot(name, watched), `the table ${name}`);
    void this.#watch();
  }

  /** Stores the table a last time and ends the watch. */
  async unregisterArtifact(name: string): Promise<void> {
    const watched = this.#watched.get(name);
    if (watched === undefined) return;
    this.#watched.delete(name);
    await this.#snapshot(name, watched);
  }

  /** The tables that are watched, by their names. */
  getRegisteredArtifacts(): Record<string, WatchedRows> {
    return Object.fromEntries([...this.#watched].map(([name, { rows }]) => [name, rows]));
  }

  override async flush(): Promise<boolean> {
    await Promise.all([...this.#watched].map(async ([name, watched]) => await this.#snapshot(name, watched)));
    return await super.flush();
  }

  async #store(name: string, content: Serialized, options: ArtifactOptions, more: Partial<ArtifactData> = {}): Promise<boolean> {
    let isStored = false;
    const work = this.#stored(name, content, options, more).then(() => {
      isStored = true;
    });
    const settled = work.catch(() => undefined);
    this.inBackground(work, `the artifact ${name}`);
    await settled;
    return isStored;
  }

  async #stored(
    name: string,
    { type, contentType, preview, url, file }: Serialized,
    options: ArtifactOptions,
    more: Partial<ArtifactData>,
  ): Promise<void> {
    const digest = file === undefined ? undefined : await digestOf(file.content);
    const uri = url ?? (await this.storeFile(`artifacts/${partOf(name)}/${partOf(file?.name ?? name)}`, file?.content ?? ""));
    const artifact: ArtifactData = {
      ...{ key: name, type, uri, mode: "output", timestamp: Math.floor(Date.now() / 1000) },
      ...(digest === undefined ? {} : { content_size: digest.bytes, hash: digest.hash }),
      type_data: { preview: shortened(options.preview ?? preview), content_type: contentType },
      display_data: Object.entries(options.metadata ?? {}).map(([key, value]) => [
        key,
        typeof value === "object" ? JSON.stringify(value) : String(value),
      ]),
      ...more,
    };
    await this.setArtifacts([artifact]);
    if (typeof file?.content !== "string") return;
    if (file.isTemporary === true) await rm(dirname(file.content), { recursive: true, force: true });
    else if (options.deleteAfterUpload === true) await rm(file.content, { force: true });
  }

  #know(artifacts: readonly ArtifactData[]): void {
    const replaced = (known: ArtifactData): boolean =>
      artifacts.some(({ key, mode = "output" }) => key === known.key && mode === (known.mode ?? "output"));
    const others = (this.known.execution?.artifacts ?? []).filter((known) => !replaced(known));
    this.knowPart("execution", { artifacts: [...others, ...artifacts] });
  }

  async #snapshot(name: string, watched: Watched): Promise<void> {
    const rows = typeof watched.rows === "function" ? watched.rows() : watched.rows;
    const content = gzippedCsv(rows);
    const hash = createHash("sha256").update(content.subarray(SKIPPED_BYTES)).digest("hex");
    if (hash === watched.storedHash) return;
    watched.storedHash = hash;
    const preview = JSON.stringify(rows.slice(0, 10), undefined, 1);
    const file = { name: `${name}.csv.gz`, content };
    const data: Serialized = { type: "data-audit-table", contentType: "text/csv", preview, file };
    if (
      !(await this.#store(name, data, watched.options, {
        type_data: { preview: shortened(preview), content_type: "text/csv", data_hash: hash },
      }))
    )
      delete watched.storedHash;
  }

  async #watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    while (this.#watched.size > 0) {
      await backgroundClock.sleep(WATCH_EVERY_MS);
      for (const [name, watched] of this.#watched) await this.#snapshot(name, watched).catch(() => undefined);
    }
    this.#isWatching = false;
  }
}

function shortened(text: string): string {
  return text.length <= LONGEST_PREVIEW
    ? text
    : `# the first ${LONGEST_PREVIEW} of ${text.length} characters\n${text.slice(0, LONGEST_PREVIEW)}`;
}
