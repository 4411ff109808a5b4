import { flagOf, listOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Condition, condition, isOneOf, joined } from "../store/conditions.ts";
import type { Document } from "../store/documents.ts";
import { pathsIn } from "../store/projection.ts";
import { getAll, getAllEx, listReply } from "./get-all.ts";
import { withOneList } from "./old-tags.ts";
import { isBelow } from "./project-conditions.ts";
import { withDatasetStats, withOwnContents } from "./project-own-contents.ts";
import { childrenOf, selectedProjects } from "./project-selection.ts";
import { withStats } from "./project-stats.ts";
import { PROJECTS } from "./query-fields.ts";

/** `projects.get_all` and `projects.get_all_ex` (clearml-services.md 2.4, 2.5). */
function list(call: Call, body: Body): object {
  return listReply("projects", getAll(call, PROJECTS, body, parentConditions(body)), (project) => withOneList(call, project));
}

/** `parent` matches any ancestor, with `shallow_search` only the direct one; `null` and a bare `shallow_search` are the top level. */
function parentConditions(body: Body): Condition[] {
  const given = listOf(body, "parent") ?? [];
  const parents = given.filter((id) => typeof id === "string");
  const shallow = flagOf(body, "shallow_search");
  const top = condition("parent IS NULL");
  if (given.length === 0) return shallow ? [top] : [];
  const tests = parents.length === 0 ? [] : [shallow ? isOneOf("parent", parents) : isBelow(parents)];
  return [joined(parents.length < given.length ? [...tests, top] : tests, "OR")];
}

function listEx(call: Call, body: Body): object {
  const children = childrenOf(body);
  const selected = selectedProjects(call, body, children);
  if (selected?.length === 0) return { projects: [] };
  const only = selected === undefined ? [] : [isOneOf("id", selected)];
  const { documents, scrollId } = getAllEx(call, PROJECTS, asked(body), [...parentConditions(body), ...only]);
  const shown = documents.map((project) => hiddenMarked(body, project));
  const steps = [withStats, withOwnContents, withDatasetStats];
  const projects = steps.reduce((so, step) => step(call, body, so, { children, selected }), shown);
  return listReply("projects", { documents: projects, scrollId }, (project) => withOneList(call, project));
}

/**
 * `non_public` is the older word for the opposite of `allow_public`; the newer one wins. With `search_hidden` the system tags
 * are read in any case, since they tell what is hidden.
 */
function asked(body: Body): Body {
  const paths = pathsIn(body);
  const names = paths.some((path) => !path.startsWith("-"));
  const fields =
    names && flagOf(body, "search_hidden") ? { projection: undefined, only_fields: [...new Set([...paths, "system_tags"])] } : {};
  return { ...body, ...fields, allow_public: body["allow_public"] ?? !flagOf(body, "non_public") };
}

function hiddenMarked(body: Body, project: Document): Document {
  if (!flagOf(body, "search_hidden")) return project;
  const { system_tags: tags, ...rest } = project;
  const isHidden = Array.isArray(tags) && tags.includes("hidden");
  const paths = pathsIn(body).filter((path) => !path.startsWith("-"));
  const wanted = paths.length === 0 || paths.includes("system_tags") || paths.includes("*");
  return { ...(wanted ? project : rest), ...(isHidden ? { hidden: true } : {}) };
}

export const PROJECT_QUERY_ENDPOINTS: readonly Endpoint[] = [read("projects.get_all", list), read("projects.get_all_ex", listEx)];
