import { requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { versionNumber } from "../version.ts";
import { getAll, getAllEx, listReply } from "./get-all.ts";
import { preferencesOf } from "./preferences.ts";
import { USERS } from "./query-fields.ts";
import { requireUser } from "./user-access.ts";

const GETTING_STARTED = { agentName: "clearml", configure: "clearml-init", install: "pip install clearml", packageName: "clearml" };

function currentUser(call: Call): object {
  const user = requireUser(call, call.caller.user);
  return {
    user: { ...user, company: { id: call.caller.company, name: "clearml" }, role: call.caller.role },
    getting_started: GETTING_STARTED,
    settings: { max_download_items: 50_000 },
  };
}

/** Preferences are shown as the text that is stored. */
function getById(call: Call, body: Body): object {
  const user = requireUser(call, requiredText(body, "user"));
  const preferences = preferencesOf(call, String(user["id"]));
  return { user: { ...user, preferences: Object.keys(preferences).length === 0 ? "" : JSON.stringify(preferences) } };
}

const ACTIVITY_KNOWN = versionNumber("2.8");

/** `active_in_projects`: only users that made something in these projects or below them; an empty list means anywhere. */
function listEx(call: Call, body: Body): object {
  const projects = call.version < ACTIVITY_KNOWN ? undefined : textListOf(body, "active_in_projects");
  const active = projects === undefined ? undefined : activeIn(call, projects);
  const asked = textListOf(body, "id") ?? [];
  const ids = active === undefined || asked.length === 0 ? (active ?? asked) : asked.filter((id) => active.includes(id));
  if (active !== undefined && ids.length === 0) return { users: [] };
  return listReply("users", getAllEx(call, USERS, { ...body, ...(ids.length === 0 ? {} : { id: ids }) }));
}

function activeIn(call: Call, projects: readonly string[]): string[] {
  const inside = (column: string): string => (projects.length === 0 ? "TRUE" : `${column} IN (SELECT id FROM inside)`);
  const rows = call.db.all<{ user: string }>(
    `WITH asked AS (SELECT value AS id FROM json_each(?)),
       inside AS (SELECT id FROM projects WHERE id IN (SELECT id FROM asked)
         OR EXISTS (SELECT 1 FROM json_each(coalesce(projects.path, '[]')) AS above WHERE above.value IN (SELECT id FROM asked)))
     SELECT user FROM tasks WHERE ${inside("project")} UNION SELECT user FROM models WHERE ${inside("project")}
     UNION SELECT user FROM projects WHERE ${inside("id")}`,
    JSON.stringify(projects),
  );
  return rows.map((row) => row.user);
}

export const USER_ENDPOINTS: readonly Endpoint[] = [
  read("users.get_current_user", currentUser),
  read("users.get_by_id", getById),
  read("users.get_all", (call, body) => listReply("users", getAll(call, USERS, body))),
  read("users.get_all_ex", listEx),
];
