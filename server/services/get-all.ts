import type { Body, Call } from "../endpoint.ts";
import { type Condition, condition } from "../store/conditions.ts";
import type { Document, Kind } from "../store/documents.ts";
import { pathsIn, projectionOf } from "../store/projection.ts";
import { countDocuments, type FilterTable, type QueryResult, queryDocuments } from "../store/query.ts";
import { withDescendants } from "./project-tree.ts";
import { wishOf, withReferences } from "./references.ts";

/** What the `get_all` of a service looks through. */
export interface Listing {
  readonly kind: Kind;
  readonly filters: FilterTable;
  /** Whether documents of no company are everybody's. */
  readonly hasPublic: boolean;
}

/** `get_all`: own documents and public ones, exactly the asked fields, ids as they are (clearml-tasks-events.md 2). */
export function getAll(call: Call, listing: Listing, body: Body, extra: readonly Condition[] = []): QueryResult {
  return queryDocuments(call.db, listing.kind, listing.filters, widened(call, listing, body), [visible(call, listing), ...extra]);
}

/** `get_all_ex`: always with the id, references as objects, with what is asked of them; `allow_public: false` = own documents only. */
export function getAllEx(call: Call, listing: Listing, body: Body, extra: readonly Condition[] = []): QueryResult {
  const { kind, filters } = listing;
  const wish = wishOf(kind, pathsIn(body));
  const conditions = [visible(call, listing, body), ...extra];
  const result = queryDocuments(call.db, kind, filters, widened(call, listing, body), conditions, projectionOf(kind, wish.paths));
  withReferences(call, kind, result.documents, wish.below);
  return result;
}

/** How many documents `get_all_ex` would find; `limit` at most. */
export function countAll(call: Call, listing: Listing, body: Body, extra: readonly Condition[] = [], limit?: number): number {
  const conditions = [visible(call, listing, body), ...extra];
  return countDocuments(call.db, listing.kind, listing.filters, widened(call, listing, body), conditions, limit);
}

/** The reply around a list: `scroll_id` only in a scroll. */
export function listReply(name: string, { documents, scrollId }: QueryResult, shape = (document: Document): Document => document): object {
  return { [name]: documents.map(shape), ...(scrollId === undefined ? {} : { scroll_id: scrollId }) };
}

/** Own documents, and public ones where there are any. */
export function visible(call: Call, listing: Listing, body: Body = {}): Condition {
  const allowPublic = body["allow_public"] ?? true;
  if (!listing.hasPublic || !allowPublic) return condition("company = ?", call.caller.company);
  return condition("company IN (?, '')", call.caller.company);
}

/** `include_subprojects`: the asked projects with all below them; operators and null stay as they are. */
function widened(call: Call, { filters }: Listing, body: Body): Body {
  if (!body["include_subprojects"] || !filters.lists.includes("project")) return body;
  const given = body["project"];
  if (given === null || given === undefined) return body;
  const values: unknown[] = Array.isArray(given) ? given : [given];
  const ids = values.filter((value) => typeof value === "string" && !value.startsWith("-") && !value.startsWith("__$")) as string[];
  const below = withDescendants(call, ids).filter((id) => !ids.includes(id));
  return { ...body, project: [...values, ...below] };
}
