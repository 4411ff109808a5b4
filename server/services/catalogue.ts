import { ApiFault } from "../api-fault.ts";
import { type BodyCheck, bodyCheckOf } from "../contract/contract.ts";
import { requireInUse, sinceOf } from "../contract/versions.ts";
import type { Body, Endpoint } from "../endpoint.ts";
import { versionNumber, versionText } from "../version.ts";
import { ALL_ENDPOINTS } from "./endpoints.ts";

/** The forms of each endpoint, the newest first: of several the newest that is not above the asked version answers (clearml-api.md 1.1). */
const FORMS: ReadonlyMap<string, readonly Endpoint[]> = new Map(
  [...Map.groupBy(ALL_ENDPOINTS, (endpoint) => endpoint.name)].map(([name, forms]) => [
    name,
    forms.toSorted((a, b) => versionNumber(firstVersionOf(b)) - versionNumber(firstVersionOf(a))),
  ]),
);

export function firstVersionOf(endpoint: Endpoint): string {
  return endpoint.since ?? sinceOf(endpoint.name);
}

/** Throws 404/0 for a name that nobody serves at this version. */
export function endpointFor(name: string, version: number): Endpoint {
  const found = FORMS.get(name)?.find((form) => version >= versionNumber(firstVersionOf(form)));
  if (found === undefined) throw unknownEndpoint(name, version);
  return found;
}

export const unknownEndpoint = (name: string, version: number): ApiFault =>
  new ApiFault(404, 0, `Unable to find endpoint for name ${name} and version ${versionText(version)}`);

/** Made at the first call of an endpoint: a server that is asked little compiles little. */
const CHECKS = new Map<Endpoint, BodyCheck>();

/** The body as the handler gets it; throws what the contract refuses. */
export function checked(endpoint: Endpoint, body: Body, version: number): Body {
  let check = CHECKS.get(endpoint);
  if (check === undefined) {
    check = bodyCheckOf(endpoint.name, nextVersionOf(endpoint)) ?? ((any) => any);
    CHECKS.set(endpoint, check);
  }
  const fit = check(body);
  requireInUse(endpoint.name, version);
  return fit;
}

/** The version from which another form answers. */
function nextVersionOf(endpoint: Endpoint): number | undefined {
  const forms = FORMS.get(endpoint.name) ?? [];
  const newer = forms[forms.indexOf(endpoint) - 1];
  return newer === undefined ? undefined : versionNumber(firstVersionOf(newer));
}
