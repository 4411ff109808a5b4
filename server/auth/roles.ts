import { ApiFault } from "../api-fault.ts";

/** Who may call what (clearml-api.md 1.6, clearml-services.md 9): everybody everything, but for the administration. */
const SYSTEM = ["system", "root"];
const ADMIN = ["system", "root", "admin"];

/** Of the administrative services, the calls that everybody needs. */
const FOR_ALL = new Set([
  ...["login", "logout", "create_credentials", "get_credentials", "edit_credentials", "revoke_credentials"].map((name) => `auth.${name}`),
  "auth.fixed_users_mode",
  "server.info",
  "server.report_stats_option",
]);
const FOR_ADMINS = new Set(["auth.create_user", "auth.edit_user"]);
const FOR_SYSTEM = new Set(["users.create", "users.delete"]);

/** Of everybody, the first user included: administrators are made by `windlass server user add --admin`. */
export const DEFAULT_ROLE = "user";

/** Roles that may call in another user's name. */
export const mayImpersonate = (role: string): boolean => ADMIN.includes(role);

export function requireRole(endpoint: string, role: string): void {
  const allowed = rolesFor(endpoint);
  if (allowed !== undefined && !allowed.includes(role)) throw new ApiFault(403, 20, "Forbidden (not allowed for role)", { role, allowed });
}

/** Undefined: all. */
function rolesFor(endpoint: string): readonly string[] | undefined {
  if (FOR_ADMINS.has(endpoint)) return ADMIN;
  const isAdministration = /^(?:auth|server)\./.test(endpoint) && !FOR_ALL.has(endpoint);
  return isAdministration || FOR_SYSTEM.has(endpoint) ? SYSTEM : undefined;
}
