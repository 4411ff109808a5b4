/**
 * How long a login with a password waits before it is looked at (milliseconds): wrong ones make the next wait longer, per
 * address and per name. An attempt counts as wrong until it proves right, so that a thousand at once are no way around.
 * Attempts from one address wait in a row; a name alone never costs more than LONGEST_MS, so that nobody who is attacked
 * from elsewhere stays outside. Where a name came in before, only what went wrong for that name from there counts.
 */
const FREE_TRIES = 3;
const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** Who would wait longer is refused at once. */
const LONGEST_ROW_MS = 60_000;
const FORGOTTEN_MS = 900_000;
const MOST_KEPT = 10_000;

interface Tries {
  wrong: number;
  lastMs: number;
  /** When the row of those who wait ends. */
  freeMs: number;
}

export interface Admission {
  readonly waitMs: number;
  /** Wrong tries from this address before this one. */
  readonly wrong: number;
}

export class LoginThrottle {
  readonly #tries = new Map<string, Tries>();
  readonly #known = new Map<string, true>();

  /** Undefined: too many are waiting already. */
  admit(name: string, address: string, nowMs: number): Admission | undefined {
    const pair = pairOf(name, address);
    const isKnown = this.#known.has(pair);
    const row = this.#of(isKnown ? pair : addressKey(address), nowMs);
    const start = Math.max(nowMs, row.freeMs) + pauseMs(row.wrong);
    if (start - nowMs > LONGEST_ROW_MS) return undefined;
    const byName = isKnown ? undefined : this.#of(nameKey(name), nowMs);
    const waitMs = Math.max(start - nowMs, pauseMs(byName?.wrong ?? 0));
    const admission = { waitMs, wrong: row.wrong };
    for (const tries of [row, byName]) if (tries !== undefined) tries.wrong += 1;
    row.freeMs = start;
    return admission;
  }

  /** The attempt was right: it was no wrong one, and the name is known from there. Other names' wrong tries stay. */
  succeeded(name: string, address: string): void {
    const pair = pairOf(name, address);
    const row = this.#tries.get(addressKey(address));
    if (row !== undefined && !this.#known.has(pair)) row.wrong = Math.max(0, row.wrong - 1);
    this.#tries.delete(pair);
    this.#tries.delete(nameKey(name));
    keep(this.#known, pair, true);
  }

  #of(key: string, nowMs: number): Tries {
    const before = this.#tries.get(key);
    const tries = before === undefined || nowMs - before.lastMs > FORGOTTEN_MS ? { wrong: 0, lastMs: nowMs, freeMs: 0 } : before;
    tries.lastMs = nowMs;
    keep(this.#tries, key, tries);
    return tries;
  }
}

const addressKey = (address: string): string => `address ${address}`;
const nameKey = (name: string): string => `name ${name}`;
const pairOf = (name: string, address: string): string => `pair ${address} ${name}`;

function pauseMs(wrong: number): number {
  return wrong < FREE_TRIES ? 0 : Math.min(FIRST_MS * 2 ** (wrong - FREE_TRIES), LONGEST_MS);
}

/** What was used last is forgotten last. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MOST_KEPT && oldest !== undefined) map.delete(oldest);
}
