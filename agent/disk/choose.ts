import type { Disk, KeptItem } from "./kept-item.ts";

/** How much may stay. */
export interface Limits {
  readonly now: number;
  /** For everything together; undefined: no budget. */
  readonly budgetBytes: number | undefined;
  /** What was not used for longer goes; undefined: age does not matter. */
  readonly maxAgeMs: number | undefined;
  /** Consoles of ended runs stay for so long. */
  readonly keepRunsMs: number;
  /** How much room is missing on each disk. */
  readonly missingBytes: Readonly<Record<Disk, number>>;
}

export type Reason = "leftover" | "age" | "budget" | "space";

/**
 * What has to go, and why: leftovers and what is too old always; then, least recently used first, as much as the budget and
 * the room that is missing ask for. Nothing that is in use.
 */
export function choose(items: readonly KeptItem[], limits: Limits): Map<KeptItem, Reason> {
  const going = new Map<KeptItem, Reason>();
  const free = items.filter((item) => !item.inUse).toSorted((a, b) => a.lastUsedMs - b.lastUsedMs);
  for (const item of free) {
    if (item.kind === "leftover") going.set(item, "leftover");
    else if (isTooOld(item, limits)) going.set(item, "age");
  }
  const rest = free.filter((item) => !going.has(item));
  for (const item of overBudget(items, rest, going, limits.budgetBytes)) going.set(item, "budget");
  for (const disk of ["state", "engine"] as const)
    for (const item of forSpace(rest, going, disk, limits.missingBytes[disk])) going.set(item, "space");
  return going;
}

function isTooOld(item: KeptItem, limits: Limits): boolean {
  const ageMs = limits.now - item.lastUsedMs;
  if (item.kind === "run" && ageMs > limits.keepRunsMs) return true;
  return limits.maxAgeMs !== undefined && ageMs > limits.maxAgeMs;
}

function overBudget(
  all: readonly KeptItem[],
  rest: readonly KeptItem[],
  going: ReadonlyMap<KeptItem, Reason>,
  budgetBytes: number | undefined,
): KeptItem[] {
  if (budgetBytes === undefined) return [];
  return untilEnough(rest, sum(all) - sum([...going.keys()]) - budgetBytes);
}

function forSpace(rest: readonly KeptItem[], going: ReadonlyMap<KeptItem, Reason>, disk: Disk, missingBytes: number): KeptItem[] {
  const onDisk = (item: KeptItem): boolean => item.disk === disk;
  const coming = sum([...going.keys()].filter(onDisk));
  return untilEnough(
    rest.filter((item) => onDisk(item) && !going.has(item)),
    missingBytes - coming,
  );
}

/** The first ones that together have so many bytes. What is empty helps nobody and stays. */
function untilEnough(items: readonly KeptItem[], bytes: number): KeptItem[] {
  let left = bytes;
  const taken: KeptItem[] = [];
  for (const item of items) {
    if (left <= 0) break;
    if (item.bytes === 0) continue;
    taken.push(item);
    left -= item.bytes;
  }
  return taken;
}

export const sum = (items: readonly KeptItem[]): number => items.reduce((total, item) => total + item.bytes, 0);
