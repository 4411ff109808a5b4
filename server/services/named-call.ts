import { ApiFault } from "../api-fault.ts";
import type { Body, Call, Endpoint } from "../endpoint.ts";

/** A call of another service as a step of this one: with its own rules, and answered as the client would be. */
export function carriedOut(call: Call, endpoints: readonly Endpoint[], name: string, body: Body): Record<string, unknown> {
  const endpoint = endpoints.find((one) => one.name === name);
  if (endpoint === undefined) throw new ApiFault(404, 0, `Unable to find endpoint for name ${name}`);
  return endpoint.handle(call, body, [body]) as Record<string, unknown>;
}
