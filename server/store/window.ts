import { ApiFault } from "../api-fault.ts";
import type { Body } from "../endpoint.ts";
import { openScroll } from "./scrolls.ts";

/** Which rows of a query are wanted (clearml-tasks-events.md 2.7). */
export interface Window {
  readonly limit: number;
  readonly offset: number;
  /** Writes down where a scroll stands now; its id. */
  readonly advance?: (rows: number) => string;
}

/** Pages are cut at 500 without a word. */
const MAX_PAGE = 500;
/** The official server knows no limit for one step of a scroll. */
const MAX_STEP = 10_000;
const MAX_PAGE_NUMBER = 2 ** 40;

export function windowOf(body: Body): Window {
  if (Object.hasOwn(body, "scroll_id")) return scrollWindow(body);
  if (typeof body["start"] === "number" && typeof body["size"] === "number" && body["start"] >= 0 && body["size"] > 0)
    return { limit: Math.min(Math.trunc(body["size"]), MAX_STEP), offset: Math.min(Math.trunc(body["start"]), MAX_PAGE_NUMBER) };
  const size = Math.min(pageSizeOf(body), MAX_PAGE);
  return { limit: size, offset: pageOf(body) * size };
}

/** The id stays, the position is the server's; an unknown id starts anew under a new one. `refresh_scroll` reads all over again. */
function scrollWindow(body: Body): Window {
  const size = body["size"];
  if (typeof size !== "number" || !Number.isInteger(size) || size < 1)
    throw badPaging("Integer size parameter greater than 1 should be provided when working with scroll");
  const scroll = openScroll(body["scroll_id"]);
  const isAgain = Boolean(body["refresh_scroll"]);
  const [offset, wanted] = isAgain ? [0, Math.max(scroll.position, size)] : [scroll.position, size];
  return { limit: Math.min(wanted, MAX_STEP), offset, advance: (rows) => scroll.moveTo(offset + rows) };
}

function pageOf(body: Body): number {
  const page = numberIn(body, "page") ?? 0;
  if (page < 0) throw badPaging("page must be >=0", "page");
  return Math.min(page, MAX_PAGE_NUMBER);
}

function pageSizeOf(body: Body): number {
  if (body["page_size"] === null && numberIn(body, "page") !== undefined)
    throw new ApiFault(400, 11, "Missing required fields (page_size is required when page is requested)");
  const size = numberIn(body, "page_size") ?? MAX_PAGE;
  if (size < 1) throw badPaging("page_size must be >0", "page_size");
  return size;
}

function numberIn(body: Body, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw new ApiFault(500, 0, `General server error (${name} must be a number)`);
  if (!Number.isSafeInteger(value)) throw badPaging(`${name} must be a whole number`, name);
  return value;
}

const badPaging = (reason: string, field?: string): ApiFault =>
  new ApiFault(400, 12, `Validation error (${reason})`, field === undefined ? {} : { field });
