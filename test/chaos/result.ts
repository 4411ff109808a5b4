/** What a scenario found: numbers of what was done, and every way in which the outcome was not as it has to be. */
export interface Result {
  readonly name: string;
  readonly engine: EngineName | "both" | "none";
  readonly seed: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Empty: nothing was lost, doubled or left. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

export type EngineName = "process" | "docker";

export const ENGINES: readonly EngineName[] = ["process", "docker"];

/** Counts by name, written as they go. */
export class Counter {
  readonly counts: Record<string, number> = {};

  add(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }
}

export const countsAsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");

/** Runs the body of a scenario and makes a result of it; an exception is a fault like any other. */
export async function resultOf(
  head: Pick<Result, "name" | "engine" | "seed">,
  body: (counter: Counter) => Promise<readonly string[]>,
): Promise<Result> {
  const counter = new Counter();
  const start = Date.now();
  const faults = await body(counter).catch((error: unknown) => [
    `the scenario itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  ]);
  return { ...head, counts: counter.counts, faults, seconds: Math.round((Date.now() - start) / 1000) };
}
