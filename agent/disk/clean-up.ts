import { join } from "node:path";
import { releaseForCleanUp } from "../../base/disk-reserve.ts";
import { diskSpace, onSameDisk } from "../../base/disk-space.ts";
import { messageOf, WindlassError } from "../../base/errors.ts";
import { holdFileLock } from "../../base/file-lock.ts";
import type { Logger } from "../../base/logger.ts";
import type { EngineStore } from "../../runner/docker/engine-store.ts";
import { choose, type Limits, type Reason, sum } from "./choose.ts";
import type { DiskLimits } from "./disk-limits.ts";
import { budgetIn, keepFreeIn } from "./disk-limits.ts";
import { inventory } from "./inventory.ts";
import type { Disk, KeptItem } from "./kept-item.ts";
import { removeItem } from "./remove.ts";

export interface CleanUpRequest {
  readonly stateFolder: string;
  /** Undefined: no engine, or none that answers. */
  readonly store: EngineStore | undefined;
  readonly limits: DiskLimits;
  /** Nothing is removed. */
  readonly dryRun?: boolean;
  readonly logger: Logger;
}

/** What was found, and what came of it. */
export interface CleanUpReport {
  readonly items: readonly (KeptItem & { readonly fate: Fate })[];
  readonly keptBytes: number;
  readonly freedBytes: number;
  readonly budgetBytes: number | undefined;
  readonly disks: readonly DiskReport[];
}

/** `goes`: a dry run; `refused`: somebody began to use it meanwhile, or it could not be removed. */
export type Fate =
  | { readonly is: "stays" | "in use" }
  | { readonly is: "goes" | "gone"; readonly why: Reason }
  | { readonly is: "refused"; readonly why: Reason; readonly detail: string };

export interface DiskReport {
  readonly disk: Disk;
  readonly path: string;
  readonly freeBytes: number;
  readonly keepFreeBytes: number;
}

/** More is freed than is missing, so that the next task does not begin with a clean-up. */
const HEADROOM = 1.25;

/** One clean-up: looks, chooses, removes, tells. One at a time per state folder; throws `clean-up-running` when another is at it. */
export async function cleanUp(request: CleanUpRequest): Promise<CleanUpReport> {
  if (request.dryRun === true) return await look(request);
  await makeRoomToWork(request);
  const lock = await holdFileLock(join(request.stateFolder, "gc.lock"));
  if (typeof lock === "number") throw new WindlassError(`process ${lock} is cleaning up already`, { code: "clean-up-running" });
  try {
    return await work(request);
  } finally {
    await lock();
  }
}

/** Locks and marks need a few bytes, too. */
async function makeRoomToWork({ stateFolder }: CleanUpRequest): Promise<void> {
  const { freeBytes } = await diskSpace(stateFolder);
  if (freeBytes < 2 ** 20) await releaseForCleanUp(stateFolder);
}

async function look(request: CleanUpRequest): Promise<CleanUpReport> {
  const { items, going, limits, disks } = await plan(request);
  return reportOf(items, limits, disks, (item) => {
    const why = going.get(item);
    return why === undefined ? { is: item.inUse ? "in use" : "stays" } : { is: "goes", why };
  });
}

async function work(request: CleanUpRequest): Promise<CleanUpReport> {
  const { items, going, limits } = await plan(request);
  const fates = new Map<KeptItem, Fate>();
  for (const [item, why] of going) fates.set(item, await removed(item, why, request));
  if (items.some((item) => item.kind === "image" && fates.get(item)?.is === "gone"))
    await request.store
      ?.sweep()
      .catch((error: unknown) => request.logger.warn({ err: error }, "the engine's build cache could not be swept"));
  const disks = await disksOf(request);
  return reportOf(items, limits, disks, (item) => fates.get(item) ?? { is: item.inUse ? "in use" : "stays" });
}

async function removed(item: KeptItem, why: Reason, { stateFolder, store, logger }: CleanUpRequest): Promise<Fate> {
  try {
    if (!(await removeItem(stateFolder, item, store))) return { is: "refused", why, detail: "in use by now" };
    logger.info({ kind: item.kind, name: item.name, bytes: item.bytes, why }, "removed to save disk space");
    return { is: "gone", why };
  } catch (error) {
    logger.warn({ err: error, kind: item.kind, name: item.name }, "something could not be removed");
    return { is: "refused", why, detail: messageOf(error) };
  }
}

interface Plan {
  readonly items: readonly KeptItem[];
  readonly going: ReadonlyMap<KeptItem, Reason>;
  readonly limits: Limits;
  readonly disks: readonly DiskReport[];
}

async function plan(request: CleanUpRequest): Promise<Plan> {
  const { stateFolder, limits: wanted } = request;
  const disks = await disksOf(request);
  const engineDisk: Disk = disks.some(({ disk }) => disk === "engine") ? "engine" : "state";
  const items = await inventory(stateFolder, request.store, engineDisk);
  const missing = (which: Disk): number => {
    const found = disks.find(({ disk }) => disk === which);
    if (found === undefined || found.freeBytes >= found.keepFreeBytes) return 0;
    return found.keepFreeBytes * HEADROOM - found.freeBytes;
  };
  const limits: Limits = {
    now: Date.now(),
    budgetBytes: budgetIn(wanted, (await diskSpace(stateFolder)).totalBytes),
    maxAgeMs: wanted.maxAgeMs,
    keepRunsMs: wanted.keepRunsMs,
    missingBytes: { state: missing("state"), engine: missing("engine") },
  };
  return { items, going: choose(items, limits), limits, disks };
}

/** The state folder's disk, and the engine's where it is another one of this machine. */
export async function disksOf({
  stateFolder,
  store,
  limits,
}: Pick<CleanUpRequest, "stateFolder" | "store" | "limits">): Promise<DiskReport[]> {
  const root = await store?.root();
  const other = root === undefined || (await onSameDisk(root, stateFolder)) ? [] : [["engine", root] as const];
  return await Promise.all(
    [["state", stateFolder] as const, ...other].map(async ([disk, path]) => {
      const { freeBytes, totalBytes } = await diskSpace(path);
      return { disk, path, freeBytes, keepFreeBytes: keepFreeIn(limits, totalBytes) };
    }),
  );
}

function reportOf(
  items: readonly KeptItem[],
  limits: Limits,
  disks: readonly DiskReport[],
  fateOf: (item: KeptItem) => Fate,
): CleanUpReport {
  const told = items.map((item) => ({ ...item, fate: fateOf(item) }));
  const going = told.filter(({ fate }) => fate.is === "goes" || fate.is === "gone");
  return { items: told, keptBytes: sum(told) - sum(going), freedBytes: sum(going), budgetBytes: limits.budgetBytes, disks };
}
