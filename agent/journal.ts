import { readdir, readFile, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withReserve } from "../base/disk-reserve.ts";
import { codeOf } from "../base/errors.ts";
import { ensurePrivateFolder, writeFileDurably } from "../base/files.ts";
import type { Logger } from "../base/logger.ts";
import type { ProcessIdentity } from "../base/process-identity.ts";
import type { Engine } from "../runner/engine.ts";
import type { Decided, Launched, Stopping } from "../runner/run-request.ts";

/**
 * What the agent wrote down about a claim, so that a crash loses nothing: `intent` before it takes the task, `started`
 * when the server knows that it is ours, `launched` when its program can be found again, `ended` when only the report
 * is left. The file goes when the server has the outcome.
 */
export interface ClaimRecord {
  readonly claim: string;
  readonly task: string;
  readonly queue: string | undefined;
  readonly queueName: string | undefined;
  readonly worker: string;
  /** Address of the API of whose task this is; undefined in records of before. */
  readonly server?: string;
  /** In which engine the run was begun, whatever the configuration says later. */
  readonly engine?: Engine["kind"];
  /** Address of its Docker engine; empty: the default one; undefined for processes, and in records of before. */
  readonly engineAddress?: string | undefined;
  /** Made from the run's folder, since the record itself was destroyed. */
  readonly rebuilt?: boolean;
  /** Milliseconds. */
  readonly intentAt: number;
  readonly stage: "intent" | "started" | "launched" | "ended";
  /** How often an agent process went on with it before its program was started. */
  readonly begun?: number;
  /** A `windlass execute` beside the agent: the run is that process's as long as it lives. */
  readonly owner?: ProcessIdentity | undefined;
  readonly launched?: Launched | undefined;
  readonly stopping?: Stopping | undefined;
  readonly decided?: Decided | undefined;
}

/** How long a write waits for room after the reserve did not suffice. */
const FULL_DISK_MS = 5_000;

/** One file per claim, each replaced as a whole and on disk when a write returns. */
export class Journal {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(stateFolder: string): Promise<Journal> {
    const folder = join(stateFolder, "journal");
    await ensurePrivateFolder(folder);
    return new Journal(folder);
  }

  async write(record: ClaimRecord): Promise<void> {
    const write = (): Promise<void> => writeFileDurably(this.#path(record.claim), JSON.stringify(record));
    if (record.stage === "intent") await write();
    else await withReserve(dirname(this.#folder), write, { withinMs: FULL_DISK_MS });
  }

  async forget(claim: string): Promise<void> {
    await unlink(this.#path(claim)).catch(() => undefined);
  }

  /** What is written down at this moment; a file that cannot be read is named and left alone. */
  async records(logger: Logger): Promise<ClaimRecord[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".json"));
    const records = await Promise.all(names.map((name) => this.#read(name, logger)));
    return records.filter((record) => record !== undefined);
  }

  /** Every claim that is written down, also in a record that cannot be read. */
  async claims(): Promise<Set<string>> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".json"));
    return new Set(names.map((name) => name.slice(0, -".json".length)));
  }

  /** One record as it is now; undefined: it was forgotten, or cannot be read. */
  async record(claim: string): Promise<ClaimRecord | undefined> {
    return await readRecord(this.#path(claim)).catch(() => undefined);
  }

  /** Claims whose record cannot be read; that is told by `records`. */
  async unreadable(): Promise<string[]> {
    const found: string[] = [];
    for (const claim of await this.claims()) if ((await this.record(claim)) === undefined) found.push(claim);
    return found;
  }

  /** Temporary files of writes that a crash cut off. */
  async removeTorn(): Promise<void> {
    const torn = (await readdir(this.#folder)).filter((name) => name.endsWith(".tmp"));
    for (const name of torn) await unlink(join(this.#folder, name)).catch(() => undefined);
  }

  async #read(name: string, logger: Logger): Promise<ClaimRecord | undefined> {
    try {
      return await readRecord(join(this.#folder, name));
    } catch (error) {
      if (codeOf(error) !== "ENOENT") logger.error({ err: error, file: name }, "a record of the journal cannot be read");
      return undefined;
    }
  }

  #path(claim: string): string {
    return join(this.#folder, `${claim}.json`);
  }
}

async function readRecord(path: string): Promise<ClaimRecord> {
  const record = JSON.parse(await readFile(path, "utf8")) as ClaimRecord | null;
  if (typeof record?.claim !== "string" || typeof record.task !== "string") throw new Error("it is no record of a claim");
  return record;
}
