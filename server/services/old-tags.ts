import { textListOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document, Kind } from "../store/documents.ts";
import { versionNumber } from "../version.ts";

/** Below 2.3 there is one list of tags, in which some words are what later became system tags (clearml-api.md 1.7, 2.5). */
const TWO_LISTS = versionNumber("2.3");
const MARKS: Readonly<Record<string, readonly string[]>> = {
  tasks: ["archived", "development", "hidden"],
  models: ["active", "archived"],
  projects: ["archived", "default", "public"],
};

/** The body with the two lists of today, where it comes with one. */
export function withTwoLists(call: Call, { table }: Kind, body: Body): Body {
  const tags = call.version < TWO_LISTS ? textListOf(body, "tags") : undefined;
  if (tags === undefined || (textListOf(body, "system_tags") ?? []).length > 0) return body;
  const marks = MARKS[table] ?? [];
  return { ...body, tags: tags.filter((tag) => !marks.includes(tag)), system_tags: tags.filter((tag) => marks.includes(tag)) };
}

/** The document with all its tags in one list, for those who know of one. */
export function withOneList(call: Call, document: Document): Document {
  const { tags, system_tags: marks } = document;
  if (call.version >= TWO_LISTS || !Array.isArray(marks)) return document;
  return { ...document, tags: [...new Set([...(Array.isArray(tags) ? tags : []), ...marks])].toSorted() };
}
