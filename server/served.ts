import { sinceOf } from "./contract/versions.ts";
import { endpointFor, firstVersionOf, unknownEndpoint } from "./services/catalogue.ts";
import { SIGN_IN } from "./sign-in.ts";
import { API_VERSION, versionNumber } from "./version.ts";

/**
 * The first version of the form of an endpoint that answers a request, by the HTTP thread itself or by a store thread. Throws
 * 404/0 when nobody does. Our own calls of the store are not on the wire.
 */
export function servedVersion(name: string, version: number): string {
  if (name.startsWith("internal.")) throw unknownEndpoint(name, version);
  if (!SIGN_IN.has(name)) return firstVersionOf(endpointFor(name, version));
  const since = sinceOf(name);
  if (version < versionNumber(since)) throw unknownEndpoint(name, version);
  return since;
}

/** Whether clients of today's version get an answer. */
export function isServed(name: string): boolean {
  try {
    servedVersion(name, versionNumber(API_VERSION));
    return true;
  } catch {
    return false;
  }
}
