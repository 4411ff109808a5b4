import { ApiFault } from "../api-fault.ts";
import { isMap, mapOf } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { Condition } from "../store/conditions.ts";
import type { Document, Kind } from "../store/documents.ts";
import { includeFilter } from "../store/include-filter.ts";
import { listFilter } from "../store/list-filter.ts";
import type { Children } from "./project-selection.ts";

/** `include_stats_filter`: which tasks the figures of `projects.get_all_ex` are about (clearml-services.md 2.5). */
export interface TaskFilter {
  /** The conditions for a kind of document; undefined when it lacks a field that is asked for, so that nothing matches. */
  on(kind: Kind): Condition[] | undefined;
  /** The same without what is said about the archived ones, for callers with a rule of their own. */
  withoutArchived(): TaskFilter;
  readonly namesArchived: boolean;
}

const DEFAULTS = {
  pipeline: { system_tags: ["pipeline"], type: ["controller"] },
  report: { system_tags: ["reports"], type: ["report"] },
  dataset: {},
};

export function taskFilterOf(body: Body, children: Children | undefined): TaskFilter {
  const given = mapOf(body, "include_stats_filter");
  for (const [name, value] of Object.entries(given ?? {})) requireFilter(name, value);
  if (given !== undefined) return filterOf(given, () => undefined);
  return children === undefined || children.type === "dataset"
    ? filterOf({}, () => undefined)
    : filterOf(DEFAULTS[children.type], children.tags);
}

function requireFilter(name: string, value: unknown): void {
  if (isMap(value) ? Object.keys(value).length > 0 : Array.isArray(value) && value.length > 0) return;
  throw new ApiFault(400, 12, `Validation error (Non empty list or dictionary expected for the field: ${name})`);
}

function filterOf(fields: Document, tags: (kind: Kind) => Condition | undefined): TaskFilter {
  return {
    on: (kind) => {
      if (Object.keys(fields).some((name) => kind.fields[name.split(".")[0] ?? ""] === undefined)) return undefined;
      const conditions = Object.entries(fields).map(([name, value]) => conditionOf(kind, name, value));
      return [...conditions, tags(kind)].filter((test) => test !== undefined);
    },
    withoutArchived: () => filterOf({ ...fields, system_tags: cleared(fields["system_tags"]) }, tags),
    namesArchived: JSON.stringify(fields["system_tags"] ?? []).includes("archived"),
  };
}

function conditionOf(kind: Kind, name: string, value: unknown): Condition | undefined {
  if (isMap(value)) return includeFilter(kind, name, value);
  return Array.isArray(value) && value.length > 0 ? listFilter(kind, name, value) : undefined;
}

/** A filter of system tags in either form, without the archived tag. */
function cleared(filter: unknown): unknown {
  if (isMap(filter)) return Object.fromEntries(Object.entries(filter).map(([key, value]) => [key, cleared(value)]));
  if (!Array.isArray(filter)) return filter;
  const isArchived = (value: unknown): boolean => value === "archived" || value === "-archived";
  return filter.filter((value, index) => !isArchived(value) && !(value === "__$not" && isArchived(filter[index + 1])));
}
