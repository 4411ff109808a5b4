import type { Clock } from "../../base/clock.ts";
import { keepReserve } from "../../base/disk-reserve.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { onSchedule } from "../../base/schedule.ts";
import { formatBytes } from "../../base/units.ts";
import type { EngineStore } from "../../runner/docker/engine-store.ts";
import { type CleanUpReport, cleanUp, type DiskReport, disksOf } from "./clean-up.ts";
import type { DiskLimits } from "./disk-limits.ts";

export interface DiskGuardOptions {
  readonly stateFolder: string;
  readonly limits: () => DiskLimits;
  /** Cron expression; undefined: only when space runs short. */
  readonly schedule: string | undefined;
  /** What the engine keeps; undefined as long as no run needed an engine, or when there is none. */
  readonly store: () => Promise<EngineStore | undefined>;
  /** The same, but makes the connection: for a clean-up. */
  readonly openStore: () => Promise<EngineStore | undefined>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A look at the disk is good for so long. */
const FRESH_MS = 1_000;
const LOOK_EVERY_MS = 15_000;
/** When a clean-up did not help, the next one is tried after so long: meanwhile runs end and an operator may act. */
const CLEAN_AGAIN_MS = 30_000;

/** Watches over the disk: nothing is claimed without room for it, and what can be spared goes first. */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #cleanedAt = Number.NEGATIVE_INFINITY;
  #refusal: string | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
  }

  /** Why nothing may be claimed at the moment, as a sentence; undefined: there is room. Cheap; cleans up when there is none. Never throws. */
  async refusal(): Promise<string | undefined> {
    if (this.#options.clock.monotonic() - this.#lookedAt >= FRESH_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#refusal;
  }

  /** Looks now and then, and cleans up on schedule, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#watch(signal), this.#keepSchedule(signal)]);
  }

  /** Also while nothing is claimed: the end of a run may be waiting for room. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.refusal();
      await this.#options.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  }

  async #keepSchedule(signal: AbortSignal): Promise<void> {
    const { schedule, clock, logger } = this.#options;
    if (schedule === undefined) return;
    try {
      await onSchedule(schedule, () => this.#clean("on schedule"), clock, signal);
    } catch (error) {
      logger.error({ err: error, schedule }, "the schedule of the clean-up does not work");
    }
  }

  async #look(): Promise<void> {
    const { stateFolder, clock, logger } = this.#options;
    try {
      let short = await this.#shortDisk();
      if (short !== undefined && clock.monotonic() - this.#cleanedAt >= CLEAN_AGAIN_MS) {
        await this.#clean("space is short");
        short = await this.#shortDisk();
      }
      if (short === undefined) await keepReserve(stateFolder);
      // The first sentence stays as long as it is so: the reader is not told every change of the number.
      this.#refusal = short === undefined ? undefined : (this.#refusal ?? sentenceOf(short));
    } catch (error) {
      logger.warn({ err: error, why: messageOf(error) }, "the disk cannot be looked at");
    }
    this.#lookedAt = clock.monotonic();
  }

  async #shortDisk(): Promise<DiskReport | undefined> {
    const { stateFolder, limits } = this.#options;
    const store = await this.#options.store();
    const disks = await disksOf({ stateFolder, store, limits: limits() });
    return disks.find(({ freeBytes, keepFreeBytes }) => freeBytes < keepFreeBytes);
  }

  async #clean(why: string): Promise<void> {
    const { logger, stateFolder, limits } = this.#options;
    try {
      const report = await cleanUp({ stateFolder, limits: limits(), store: await this.#openStore(), logger });
      logTotals(report, why, logger);
    } catch (error) {
      if (codeOf(error) === "clean-up-running") logger.debug({ why }, messageOf(error));
      else logger.warn({ err: error, why }, "the clean-up failed");
    }
    this.#cleanedAt = this.#options.clock.monotonic();
  }

  async #openStore(): Promise<EngineStore | undefined> {
    return await this.#options.openStore().catch((error: unknown) => {
      this.#options.logger.warn({ why: messageOf(error) }, "images are left out of the clean-up");
      return undefined;
    });
  }
}

function sentenceOf({ path, freeBytes, keepFreeBytes }: DiskReport): string {
  return `only ${formatBytes(freeBytes)} free on the disk of ${path}, ${formatBytes(keepFreeBytes)} wanted (disk.keep_free)`;
}

function logTotals(report: CleanUpReport, why: string, logger: Logger): void {
  const removed = report.items.filter(({ fate }) => fate.is === "gone").length;
  logger.info(
    {
      why,
      removed,
      freed: formatBytes(report.freedBytes),
      kept: formatBytes(report.keptBytes),
      free: formatBytes(report.disks[0]?.freeBytes ?? 0),
    },
    "cleaned up",
  );
}
