/** A size, or a share of the disk that it is about. */
export type Amount = { readonly bytes: number } | { readonly share: number };

/** What the configuration says about disk space (`disk` in agent.config.yaml). */
export interface DiskLimits {
  readonly budget: Amount | undefined;
  /** Undefined: the default below. */
  readonly keepFree: Amount | undefined;
  readonly maxAgeMs: number | undefined;
  readonly keepRunsMs: number;
}

const KEEP_FREE_BYTES = 5 * 2 ** 30;
/** On a small disk. */
const KEEP_FREE_SHARE = 0.1;

const bytesOf = (amount: Amount, totalBytes: number): number => ("bytes" in amount ? amount.bytes : amount.share * totalBytes);

export function budgetIn({ budget }: DiskLimits, totalBytes: number): number | undefined {
  return budget === undefined ? undefined : bytesOf(budget, totalBytes);
}

export function keepFreeIn({ keepFree }: DiskLimits, totalBytes: number): number {
  return keepFree === undefined ? Math.min(KEEP_FREE_BYTES, KEEP_FREE_SHARE * totalBytes) : bytesOf(keepFree, totalBytes);
}
