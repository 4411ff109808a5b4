import type { Session } from "../../api/session.ts";

/** How long things took, in ms. */
export class Latency {
  readonly #times: number[] = [];

  get count(): number {
    return this.#times.length;
  }

  add(ms: number): void {
    this.#times.push(ms);
  }

  async measure<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.add(performance.now() - start);
    }
  }

  /** `share` 0.5: the median. */
  at(share: number): number {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  }

  /** `3 / 12 ms`: the median and the 99th of a hundred. */
  toString(): string {
    return `${round(this.at(0.5))} / ${round(this.at(0.99))} ms`;
  }
}

const round = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));

/** How long small calls of somebody else take meanwhile: one after the other until the signal ends it. */
export async function bystander(session: Session, endpoint: string, body: object, signal: AbortSignal): Promise<Latency> {
  const latency = new Latency();
  while (!signal.aborted) await latency.measure(() => session.call(endpoint, body));
  return latency;
}
