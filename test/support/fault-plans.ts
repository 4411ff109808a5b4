import type { SeededRandom } from "./random.ts";

/**
 * What the proxy does to one request. `drop`: the server never sees it. `answer`: nor this, the proxy answers. `swallow`: the server does the work and the
 * answer is lost. `cut`: half of the answer arrives. `bad-gateway-after`: the work is done, and a page says 502.
 */
export type Fault =
  | { readonly kind: "drop" | "swallow" | "cut" | "bad-gateway" | "bad-gateway-after" }
  | { readonly kind: "too-many"; readonly retryAfterSec: number }
  | { readonly kind: "answer"; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
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

/** A page of something in between that is no ClearML. */
export const page = (status: number, text: string): Fault => ({
  kind: "answer",
  status,
  headers: { "content-type": "text/html", server: "nginx/1.27" },
  body: `<html><head><title>${text}</title></head>\n<body><h1>${text}</h1></body></html>\n`,
});

/** A refusal in the server's own words. */
export function refusal(status: number, subcode: number, message: string): Fault {
  const meta = { result_code: status, result_subcode: subcode, result_msg: message };
  return { kind: "answer", status, headers: { "content-type": "application/json" }, body: JSON.stringify({ meta, data: {} }) };
}

/** The answer to a batch of which no event was taken. */
export function noneAdded(errors: number, message: string): Fault {
  const meta = { result_code: 200, result_subcode: 0, result_msg: "OK" };
  const data = { added: 0, errors, errors_info: { [message]: errors } };
  return { kind: "answer", status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ meta, data }) };
}

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
