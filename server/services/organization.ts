import { ApiFault } from "../api-fault.ts";
import { flagOf, isMap, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Condition, isOneOf, joined } from "../store/conditions.ts";
import { listFilter } from "../store/list-filter.ts";
import { COMPANY_NAME } from "../version.ts";
import { countAll, type Listing, visible } from "./get-all.ts";
import { MODELS, PROJECTS, TASKS } from "./query-fields.ts";

/** `organization.*`: tags, people and numbers of everything (clearml-services.md 4). */
function getTags(call: Call, body: Body): object {
  const tags = tagsOfAll(call, body, "tags");
  return flagOf(body, "include_system") ? { tags, system_tags: tagsOfAll(call, body, "system_tags") } : { tags };
}

/** Of the company's own tasks and models that the filter leaves. */
function tagsOfAll(call: Call, body: Body, field: "tags" | "system_tags"): string[] {
  const parts = [TASKS, MODELS].map((listing) => {
    const where = joined([visible(call, listing, { allow_public: false }), ...tagConditions(listing, body)], "AND");
    const from = `(SELECT ${field} AS list FROM ${listing.kind.table} WHERE ${field} <> '[]' AND ${where.sql})`;
    return { sql: `SELECT value FROM ${from}, json_each(list)`, values: where.values };
  });
  const sql = `${parts.map((part) => part.sql).join(" UNION ")} ORDER BY 1`;
  return call.db.all<{ value: string }>(sql, ...parts.flatMap((part) => part.values)).map((row) => row.value);
}

function tagConditions({ kind }: Listing, body: Body): Condition[] {
  const filter = isMap(body["filter"]) ? body["filter"] : {};
  const tests = ["tags", "system_tags"].map((field) => listFilter(kind, field, textListOf(filter, field) ?? []));
  return tests.filter((test) => test !== undefined);
}

/** An open server has one company, and all its users own it. */
function getUserCompanies(call: Call): object {
  const { company } = call.caller;
  const users = call.db.all<{ id: string; name: string }>("SELECT id, name FROM users WHERE company = ? ORDER BY name, id", company);
  const owners = users.map(({ id, name }) => ({ id, name, avatar: null }));
  return { companies: [{ id: company, name: COMPANY_NAME, allocated: owners.length, owners }] };
}

interface Counted {
  readonly listing: Listing;
  /** What is counted in any case, whatever the query says. */
  readonly type?: string;
  /** Only among these the hidden ones are left out. */
  readonly hides?: boolean;
}

/** Here a project's `parent` and `path` are lists like others. */
const PLAIN_PROJECTS: Listing = {
  ...PROJECTS,
  filters: { ...PROJECTS.filters, lists: [...PROJECTS.filters.lists, "parent", "path"] },
};
const COUNTED: Readonly<Record<string, Counted>> = {
  projects: { listing: PLAIN_PROJECTS, hides: true },
  tasks: { listing: TASKS, hides: true },
  models: { listing: MODELS },
  pipelines: { listing: PLAIN_PROJECTS },
  pipeline_runs: { listing: TASKS, type: "controller" },
  datasets: { listing: PLAIN_PROJECTS },
  dataset_versions: { listing: TASKS, type: "data_processing" },
  reports: { listing: TASKS, type: "report" },
};

/** A number for each asked kind; a query that fails is told beside the numbers of the others. */
function getEntitiesCount(call: Call, body: Body): object {
  const counts: Record<string, number> = {};
  const errors: Record<string, string> = {};
  for (const [name, counted] of Object.entries(COUNTED)) {
    const query = body[name];
    if (!isMap(query)) continue;
    try {
      counts[name] = countOf(call, body, counted, query);
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      errors[name] = error.message;
    }
  }
  return Object.keys(errors).length === 0 ? counts : { ...counts, errors };
}

function countOf(call: Call, body: Body, { listing, type, hides }: Counted, query: Body): number {
  const typed = type === undefined ? {} : { type: [type], include_subprojects: true };
  const asked = {
    ...query,
    ...typed,
    allow_public: flagOf(body, "allow_public", true),
    search_hidden: hides !== true || flagOf(body, "search_hidden"),
  };
  const limit = typeof body["limit"] === "number" && body["limit"] > 0 ? Math.trunc(body["limit"]) : undefined;
  return countAll(call, listing, asked, activeConditions(listing, textListOf(body, "active_users") ?? []), limit);
}

/** Documents of these users; projects also by what is in them. */
function activeConditions(listing: Listing, users: readonly string[]): Condition[] {
  if (users.length === 0) return [];
  const own = isOneOf("user", users);
  if (listing.kind.table !== "projects") return [own];
  const holds = (table: string): Condition => ({ sql: `id IN (SELECT project FROM ${table} WHERE ${own.sql})`, values: own.values });
  return [joined([own, holds("tasks"), holds("models")], "OR")];
}

export const ORGANIZATION_ENDPOINTS: readonly Endpoint[] = [
  read("organization.get_tags", getTags),
  read("organization.get_user_companies", getUserCompanies),
  read("organization.get_entities_count", getEntitiesCount),
];
