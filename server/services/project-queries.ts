import { flagOf, listOf, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import type { Condition } from "../store/filters.ts";
import { PROJECT } from "../store/kinds.ts";
import { type FilterTable, queryDocuments } from "../store/query.ts";
import { isBelow, oneOf, visibleTo } from "./project-conditions.ts";
import { withDatasetStats, withOwnContents } from "./project-own-contents.ts";
import { childrenOf, selectedProjects } from "./project-selection.ts";
import { withStats } from "./project-stats.ts";
import { expandReferences, plainPaths } from "./references.ts";

/** `projects.get_all` and `projects.get_all_ex` (clearml-services.md 2.4, 2.5). */
const FILTERS: FilterTable = {
  lists: ["id", "tags", "system_tags"],
  patterns: ["name", "basename", "description"],
  ranges: ["last_update"],
  dates: [],
  equals: [],
  searched: ["name", "id", "description"],
};

function getAll(call: Call, body: Body, extra: readonly Condition[] = []): object {
  const { documents, scrollId } = queryDocuments(call.db, PROJECT, FILTERS, body, [...parentConditions(body), ...extra]);
  return { projects: documents, ...(scrollId === undefined ? {} : { scroll_id: scrollId }) };
}

/** `parent` matches any ancestor, with `shallow_search` only the direct one; `null` and a bare `shallow_search` are the top level. */
function parentConditions(body: Body): Condition[] {
  const given = listOf(body, "parent") ?? [];
  const parents = given.filter((id) => typeof id === "string");
  const shallow = flagOf(body, "shallow_search");
  const top: Condition = { sql: "parent IS NULL", values: [] };
  if (given.length === 0) return shallow ? [top] : [];
  const tests = parents.length === 0 ? [] : [shallow ? oneOf("parent", parents) : isBelow(parents)];
  const all = parents.length < given.length ? [...tests, top] : tests;
  return [{ sql: all.map((test) => `(${test.sql})`).join(" OR "), values: all.flatMap((test) => test.values) }];
}

function getAllEx(call: Call, body: Body): object {
  const children = childrenOf(body);
  const selected = selectedProjects(call, body, children);
  if (selected?.length === 0) return { projects: [] };
  const paths = textListOf(body, "only_fields") ?? textListOf(body, "projection") ?? [];
  const asked = { ...body, projection: undefined, only_fields: withSystemTags(body, plainPaths(paths)) };
  const only = selected === undefined ? [] : [oneOf("id", selected)];
  const { projects, ...rest } = getAll(call, asked, [...only, ...ownCondition(call, body)]) as { projects: Document[] };
  const shown = projects.map((project) => expandReferences(call, hiddenMarked(body, paths, project), paths));
  const steps = [withStats, withOwnContents, withDatasetStats];
  return { projects: steps.reduce((so, step) => step(call, body, so, { children, selected }), shown), ...rest };
}

/** `non_public` is the older word for the opposite; the newer one wins. */
function ownCondition(call: Call, body: Body): Condition[] {
  const onlyOwn = body["allow_public"] === undefined ? flagOf(body, "non_public") : !flagOf(body, "allow_public", true);
  return onlyOwn ? [visibleTo(call.caller.company, false)] : [];
}

/** With `search_hidden` the system tags are read in any case, since they tell what is hidden. */
function withSystemTags(body: Body, fields: readonly string[]): readonly string[] {
  const including = fields.some((field) => !field.startsWith("-"));
  return flagOf(body, "search_hidden") && including ? [...new Set([...fields, "system_tags"])] : fields;
}

function hiddenMarked(body: Body, asked: readonly string[], project: Document): Document {
  if (!flagOf(body, "search_hidden")) return project;
  const { system_tags: tags, ...rest } = project;
  const isHidden = Array.isArray(tags) && tags.includes("hidden");
  const wanted = asked.length === 0 || asked.includes("system_tags") || asked.every((field) => field.startsWith("-"));
  return { ...(wanted ? project : rest), ...(isHidden ? { hidden: true } : {}) };
}

export const PROJECT_QUERY_ENDPOINTS: readonly Endpoint[] = [read("projects.get_all", getAll), read("projects.get_all_ex", getAllEx)];
