import { readdir, readFile, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withReserve } from "../base/disk-reserve.ts";
import { ensurePrivateFolder, writeFileDurably } from "../base/files.ts";
import type { Logger } from "../base/logger.ts";
import type { RunHandle } from "../runner/engine.ts";
import type { Outcome } from "../runner/outcome.ts";

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
  /** Milliseconds. */
  readonly intentAt: number;
  readonly stage: "intent" | "started" | "launched" | "ended";
  readonly handle?: RunHandle | undefined;
  readonly outcome?: Outcome | undefined;
}

/** A program that fills the disk must not be waited for with its end unseen; an end, on the other hand, waits for room as long as it takes. */
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
    else await withReserve(dirname(this.#folder), write, record.stage === "ended" ? {} : { withinMs: FULL_DISK_MS });
  }

  async forget(claim: string): Promise<void> {
    await unlink(this.#path(claim)).catch(() => undefined);
  }

  /** What an earlier agent left behind; a file that cannot be read is named and left alone. */
  async leftovers(logger: Logger): Promise<ClaimRecord[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".json"));
    const records = await Promise.all(names.map((name) => this.#read(name, logger)));
    return records.filter((record) => record !== undefined);
  }

  async #read(name: string, logger: Logger): Promise<ClaimRecord | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#folder, name), "utf8")) as ClaimRecord;
    } catch (error) {
      logger.error({ err: error, file: name }, "a record of the journal cannot be read");
      return undefined;
    }
  }

  #path(claim: string): string {
    return join(this.#folder, `${claim}.json`);
  }
}
