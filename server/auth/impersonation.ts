import { ApiFault } from "../api-fault.ts";
import type { Caller } from "../endpoint.ts";
import { clearmlHeader, type Headers } from "../headers.ts";
import { DEFAULT_ROLE, mayImpersonate } from "./roles.ts";

export interface KnownUser {
  readonly id: string;
  readonly name: string;
  readonly company: string;
  readonly role?: string;
}

export function callerOf(user: KnownUser): Caller {
  return { user: user.id, userName: user.name, company: user.company, role: user.role ?? DEFAULT_ROLE };
}

/**
 * The user in whose name a call is made (clearml-api.md 1.3, 1.6): `X-Clearml-Impersonate-As` with that user's role,
 * `X-Clearml-Act-As` with the caller's own. Throws 400/5 and 400/6.
 */
export async function impersonated(
  caller: Caller,
  headers: Headers,
  find: (id: string) => Promise<KnownUser | undefined>,
): Promise<Caller> {
  const [impersonateAs, actAs] = [clearmlHeader(headers, "impersonate-as"), clearmlHeader(headers, "act-as")];
  const id = impersonateAs ?? actAs;
  if (id === undefined) return caller;
  if (impersonateAs !== undefined && actAs !== undefined)
    throw new ApiFault(400, 5, "Invalid headers (only one allowed)", { headers: ["X-Clearml-Impersonate-As", "X-Clearml-Act-As"] });
  // A run's token is never more than the run's, whatever its owner may do.
  if (!mayImpersonate(caller.role) || caller.scope === "run")
    throw new ApiFault(400, 6, "Impersonation error (impersonation not allowed)", { role: caller.role });
  const user = await find(id);
  const isReachable = caller.role === "root" || user?.company === caller.company;
  if (user === undefined || !isReachable)
    throw new ApiFault(400, 6, "Impersonation error (unknown user)", {
      id,
      ...(caller.role === "root" ? {} : { company: caller.company }),
    });
  const other = callerOf(user);
  return actAs === undefined ? other : { ...other, role: caller.role };
}
