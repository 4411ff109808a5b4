import type { SeededRandom } from "./random.ts";

/**
 * What the proxy does to one request. `drop`: the server never sees it. `swallow`: the server does the work and the
 * answer is lost. `cut`: half of the answer arrives. `bad-gateway-after`: the work is done, and a page says 502.
 */
export type Fault =
  | { readonly kind: "drop" | "swallow" | "cut" | "bad-gateway" | "bad-gateway-after" }
  | { readonly kind: "too-many"; readonly retryAfterSec: number }
  | { readonly kind: "delay"; readonly delayMs: number };

export interface SeenRequest {
  /** `queues.remove_task` */
  readonly endpoint: string;
  readonly body: string;
  /** How many requests to this endpoint there were, this one included. */
  readonly nth: number;
}

export type FaultPlan = (request: SeenRequest) => Fault | undefined;

export const NO_FAULTS: FaultPlan = () => undefined;

/** The next answers of one endpoint are lost after the server did the work. */
export function loseNext(endpoint: string, count = 1): FaultPlan {
  let left = count;
  return (request) => (request.endpoint === endpoint && left-- > 0 ? { kind: "swallow" } : undefined);
}

/** The first plan that has something to say. */
export function firstOf(...plans: readonly FaultPlan[]): FaultPlan {
  return (request) => {
    for (const plan of plans) {
      const fault = plan(request);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

export interface NetworkOdds {
  readonly swallow: number;
  /** Each of the other faults. */
  readonly other: number;
}

/** A bad network: every request may be hit by any fault. */
export function badNetwork(random: SeededRandom, odds: NetworkOdds): FaultPlan {
  const others: readonly (() => Fault)[] = [
    () => ({ kind: "drop" }),
    () => ({ kind: "cut" }),
    () => ({ kind: "bad-gateway" }),
    () => ({ kind: "bad-gateway-after" }),
    () => ({ kind: "too-many", retryAfterSec: 1 }),
    () => ({ kind: "delay", delayMs: random.between(50, 1500) }),
  ];
  return () => {
    if (random.chance(odds.swallow)) return { kind: "swallow" };
    const hit = others.find(() => random.chance(odds.other));
    return hit?.();
  };
}
