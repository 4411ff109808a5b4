import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { isMap, mapListOf, requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { RawAnswer } from "../raw-answer.ts";
import { partsOf } from "../store/paths.ts";
import { BYTE_ORDER_MARK, cellOf, csvLine } from "./csv.ts";
import { getAllEx, type Listing } from "./get-all.ts";
import { MODELS, TASKS } from "./query-fields.ts";

/** Lists of tasks and models as a table to be saved (clearml-services.md 4): first prepared by one call, then fetched by another. */
const PREPARED_S = 300;
/** So long may a download that began in time go on. */
const GRACE_S = 3600;
const PAGE = 500;
const MAX_ROWS = 50_000;
const LISTINGS: ReadonlyMap<unknown, Listing> = new Map([
  ["task", TASKS],
  ["model", MODELS],
]);

interface Column {
  readonly name: string;
  readonly path: readonly string[];
  /** What is shown in the place of some values. */
  readonly texts: ReadonlyMap<string, string>;
}

function prepare(call: Call, body: Body): object {
  columnsIn(body);
  rowsOf(call, body, 0, 1);
  const id = newId();
  const nowS = Math.trunc(call.nowMs / 1000);
  call.db.run("DELETE FROM prepared_downloads WHERE expires < ?", nowS - GRACE_S);
  const request = JSON.stringify(body);
  call.db.run(
    "INSERT INTO prepared_downloads (id, company, expires, request) VALUES (?, ?, ?, ?)",
    id,
    call.caller.company,
    nowS + PREPARED_S,
    request,
  );
  return { prepare_id: id };
}

/** A page of rows; the first one has the header, and alone stands without quotes and byte order mark. */
function download(call: Call, body: Body): object {
  const page = typeof body["page"] === "number" ? Math.max(0, Math.trunc(body["page"])) : 0;
  const request = prepared(call, requiredText(body, "prepare_id"), page);
  const columns = columnsIn(request);
  const rows = page * PAGE >= MAX_ROWS ? [] : rowsOf(call, request, page, PAGE);
  const lines = rows.map((row) => csvLine(columns.map((column) => cellIn(row, column))));
  const isLast = rows.length < PAGE || (page + 1) * PAGE >= MAX_ROWS;
  return RawAnswer.file(
    (page === 0 ? headerOf(columns, rows.length === 0) : "") + lines.join(""),
    "text/csv; charset=utf-8",
    fileNameOf(call, request),
    isLast ? undefined : { ...body, page: page + 1 },
  );
}

function headerOf(columns: readonly Column[], isAlone: boolean): string {
  const names = columns.map((column) => column.name);
  return isAlone ? `${names.join(",")}\r\n` : BYTE_ORDER_MARK + csvLine(names);
}

function prepared(call: Call, id: string, page: number): Body {
  const row = call.db.get<{ expires: number; request: string }>(
    "SELECT expires, request FROM prepared_downloads WHERE id = ? AND company = ?",
    id,
    call.caller.company,
  );
  if (row === undefined || (page === 0 && row.expires < call.nowMs / 1000))
    throw new ApiFault(400, 10, "Invalid object id (prepare ID not found)", { prepare_id: id });
  return JSON.parse(row.request) as Body;
}

function rowsOf(call: Call, request: Body, page: number, page_size: number): readonly object[] {
  const { scroll_id: _, size: __, start: ___, ...query } = request;
  return getAllEx(call, listingOf(request), { ...query, page, page_size }).documents;
}

function listingOf(request: Body): Listing {
  const listing = LISTINGS.get(request["entity_type"]);
  if (listing !== undefined) return listing;
  throw new ApiFault(400, 12, `Validation error (Unsupported entity type: ${textOf(request, "entity_type") ?? "None"})`);
}

function columnsIn(body: Body): Column[] {
  listingOf(body);
  const columns = (mapListOf(body, "field_mappings") ?? []).map((mapping) => {
    const field = requiredText(mapping, "field");
    const texts = (mapListOf(mapping, "values") ?? []).map(({ key, value }) => [cellOf(key), cellOf(value)] as const);
    return { name: textOf(mapping, "name") ?? field, path: partsOf(field), texts: new Map(texts) };
  });
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return columns;
  throw new ApiFault(400, 12, `Validation error (Field_name appears more than once in field_mappings: ${twice})`);
}

function cellIn(row: object, { path, texts }: Column): string {
  const value = path.reduce<unknown>((inner, part) => (isMap(inner) && Object.hasOwn(inner, part) ? inner[part] : undefined), row);
  const text = cellOf(value);
  return texts.get(text) ?? text;
}

/** Named after the one project that the query is about. */
function fileNameOf(call: Call, request: Body): string {
  const given = request["project"];
  const projects: unknown[] = Array.isArray(given) ? given : given === undefined || given === null ? [] : [given];
  const place = projects.length === 1 ? placeOf(call, projects[0]) : undefined;
  return ["clearml", ...(place === undefined ? [] : [place.slice(0, 60)]), `${String(request["entity_type"])}s.csv`].join("-");
}

function placeOf(call: Call, project: unknown): string | undefined {
  if (project === null) return "root";
  return call.db.get<{ basename: string }>("SELECT basename FROM projects WHERE id = ?", String(project))?.basename;
}

export const DOWNLOAD_ENDPOINTS: readonly Endpoint[] = [
  write("organization.prepare_download_for_get_all", prepare),
  read("organization.download_for_get_all", download),
];
