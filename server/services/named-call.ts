import { ApiFault } from "../api-fault.ts";
import type { Body, Call, Endpoint } from "../endpoint.ts";
import { versionNumber } from "../version.ts";

/** A call of another service as a step of this one: in its newest form, with its own rules, and answered as the client would be. */
export function carriedOut(call: Call, endpoints: readonly Endpoint[], name: string, body: Body): Record<string, unknown> {
  const forms = endpoints.filter((one) => one.name === name);
  const [newest] = forms.toSorted((a, b) => versionNumber(b.since ?? "1.0") - versionNumber(a.since ?? "1.0"));
  if (newest === undefined) throw new ApiFault(404, 0, `Unable to find endpoint for name ${name}`);
  return newest.handle(call, body, [body]) as Record<string, unknown>;
}
