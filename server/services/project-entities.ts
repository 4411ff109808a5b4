import { ApiFault } from "../api-fault.ts";
import { flagOf, integerOf, listOf, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Condition, isOneOf, joined } from "../store/conditions.ts";
import { visibleTo } from "./project-conditions.ts";
import { withDescendants } from "./project-tree.ts";

/** Which tasks or models the lists of `projects.*` are made of (clearml-services.md 2.6): own and public ones. */
const NONE: Condition = { sql: "project IS NULL", values: [] };

/** Calls about one `project`: without it everywhere, or, without sub-projects, what is in no project. */
export function entitiesOfProject(call: Call, body: Body): Condition {
  const project = textOf(body, "project");
  const deep = flagOf(body, "include_subprojects", true);
  const place = project === undefined ? (deep ? [] : [NONE]) : [inProjects(call, [project], deep)];
  return joined([visible(call, body), ...place], "AND");
}

/** Calls about several `projects`, with null for no project; none named is everywhere. */
export function entitiesOfProjects(call: Call, body: Body): Condition {
  const given = listOf(body, "projects") ?? [];
  const projects = given.filter((id) => typeof id === "string");
  const places = [
    ...(projects.length === 0 ? [] : [inProjects(call, projects, flagOf(body, "include_subprojects", true))]),
    ...(given.includes(null) ? [NONE] : []),
  ];
  return joined([visible(call, body), ...(places.length === 0 ? [] : [joined(places, "OR")])], "AND");
}

const inProjects = (call: Call, projects: readonly string[], deep: boolean): Condition =>
  isOneOf("project", deep ? withDescendants(call, projects) : projects);

const visible = (call: Call, body: Body): Condition => visibleTo(call.caller.company, flagOf(body, "allow_public", true));

export interface Page {
  readonly start: number;
  readonly size: number;
}

/** A negative page is the first one, an empty size 1. */
export function pageOf(body: Body): Page {
  const size = Math.max(1, integerOf(body, "page_size") ?? 500);
  const start = Math.max(0, integerOf(body, "page") ?? 0) * size;
  if (!Number.isSafeInteger(start)) throw new ApiFault(400, 12, "Validation error (page is too large)");
  return { start, size };
}

/** Text with its numbers in the order of numbers. */
const numeric = new Intl.Collator("en", { numeric: true });
export const inNumericOrder = (values: readonly string[]): string[] => values.toSorted(numeric.compare);
