import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";

/** A project's `last_update` moves when its tasks change (which calls: clearml-services.md 1.5). Ids of no project do nothing. */
export function touchProjects(call: Call, ...ids: readonly unknown[]): void {
  for (const id of new Set(ids))
    if (typeof id === "string") call.db.run("UPDATE projects SET last_update = ? WHERE id = ?", wireDate(call.nowMs), id);
}
