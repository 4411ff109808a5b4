import { integerOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { doomFiles } from "./doomed-files.ts";

/**
 * Deletes in slices, each a transaction of its own: the events that nobody owns any more, and those that are older than the
 * server is to keep them. The HTTP thread calls until a slice found nothing.
 */
const SLICE = 2000;

function sweep(call: Call): object {
  const found = call.db.get<{ seq: number; files_doomed: number | null }>(
    "SELECT seq, files_doomed FROM event_owners WHERE id IS NULL ORDER BY seq LIMIT 1",
  );
  if (found === undefined) return { deleted: 0 };
  const { seq: owner, files_doomed: doomedAt } = found;
  const deleted = sliceOf(call, "log_events", "task = ?", owner) || othersSlice(call, owner, doomedAt) || seriesSlice(call, owner);
  if (deleted === 0) call.db.run("DELETE FROM event_owners WHERE seq = ?", owner);
  return { deleted: deleted + 1 };
}

function sliceOf({ db }: Call, table: string, condition: string, value: number): number {
  return db.run(`DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} WHERE ${condition} LIMIT ${SLICE})`, value);
}

/** Plots and images, with the files that they name when those are doomed. */
function othersSlice(call: Call, owner: number, doomedAt: number | null): number {
  const slice = `SELECT seq FROM other_events WHERE task = ? LIMIT ${SLICE}`;
  const rows = call.db.all<WithFiles>(`DELETE FROM other_events WHERE seq IN (${slice}) RETURNING ${FILES}`, owner);
  if (doomedAt !== null) doomFiles(call, rows.flatMap(filesOf), doomedAt);
  return rows.length;
}

interface WithFiles {
  readonly url: string | null;
  /** A JSON list. */
  readonly sources: string | null;
  readonly written: number;
}

const FILES = "url, json_extract(fields, '$.source_urls') AS sources, written";

const filesOf = ({ url, sources }: WithFiles): unknown[] => [url, ...listIn(sources)];

function listIn(json: string | null): unknown[] {
  const value: unknown = json?.startsWith("[") === true ? JSON.parse(json) : [];
  return Array.isArray(value) ? value : [];
}

function seriesSlice({ db }: Call, owner: number): number {
  const series = db.get<{ seq: number }>("SELECT seq FROM series WHERE task = ? LIMIT 1", owner)?.seq;
  if (series === undefined) return 0;
  const points = db.run(
    `DELETE FROM points WHERE series = @series AND iter IN (SELECT iter FROM points WHERE series = @series ORDER BY iter LIMIT ${SLICE})`,
    { series },
  );
  return points > 0 ? points : db.run("DELETE FROM series WHERE seq = ?", series);
}

/** Events that were written before `before`: the rows of logs and others stand in the order of writing, points by their curve. */
function expire(call: Call, body: Body): object {
  const before = integerOf(body, "before") ?? 0;
  const deleted = oldLogs(call, before) || oldOthers(call, before) || oldPoints(call, before);
  return { deleted };
}

const oldIn = (table: string): string =>
  `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} ORDER BY seq LIMIT ${SLICE}) AND written < ?`;

const oldLogs = ({ db }: Call, before: number): number => db.run(oldIn("log_events"), before);

/** Their files go too, but for those that a later event of the same address has put there since. */
function oldOthers(call: Call, before: number): number {
  const rows = call.db.all<WithFiles>(`${oldIn("other_events")} RETURNING ${FILES}`, before);
  for (const row of rows) doomFiles(call, filesOf(row).filter(Boolean), row.written);
  return rows.length;
}

/** Of one curve that has old points; it is then known how old its oldest one is. */
function oldPoints({ db }: Call, before: number): number {
  const series = db.get<{ seq: number }>("SELECT seq FROM series WHERE oldest < ? ORDER BY oldest LIMIT 1", before)?.seq;
  if (series === undefined) return 0;
  const old = `SELECT iter FROM points WHERE series = @series AND written < @before LIMIT ${SLICE}`;
  const deleted = db.run(`DELETE FROM points WHERE series = @series AND iter IN (${old})`, { series, before });
  if (deleted === SLICE) return deleted;
  const oldest = db.get<{ written: number | null }>("SELECT min(written) AS written FROM points WHERE series = ?", series)?.written ?? null;
  if (oldest === null) db.run("DELETE FROM series WHERE seq = ?", series);
  else db.run("UPDATE series SET oldest = ? WHERE seq = ?", oldest, series);
  return deleted + 1;
}

export const EVENT_SWEEPING_ENDPOINTS: readonly Endpoint[] = [
  write("internal.sweep_events", sweep),
  write("internal.expire_events", expire),
];
