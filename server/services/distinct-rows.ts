import type { Call } from "../endpoint.ts";
import type { Condition } from "../store/conditions.ts";
import type { SqlValue } from "../store/database.ts";

const AT_ONCE = 2000;
export const AMONG = "seq IN (SELECT value FROM json_each(?))";

/**
 * What a statement finds in the documents of a table that meet a condition, each row once and in no order; in steps, since
 * there may be a hundred thousand documents. The statement takes last the `seq` of its documents as a list in JSON (`AMONG`).
 */
export function* distinctRows<Row extends object>(
  { db }: Call,
  table: string,
  test: Condition,
  sql: string,
  ...values: readonly SqlValue[]
): Generator<undefined, Row[], undefined> {
  const documents = db.all<{ seq: number }>(`SELECT seq FROM ${table} WHERE ${test.sql}`, ...test.values).map(({ seq }) => seq);
  const found = new Map<string, Row>();
  for (let from = 0; from < documents.length; from += AT_ONCE) {
    if (from > 0) yield;
    for (const row of db.all<Row>(sql, ...values, JSON.stringify(documents.slice(from, from + AT_ONCE))))
      found.set(JSON.stringify(row), row);
  }
  return [...found.values()];
}

/** By one name after the other, in the order of the code. */
export function inOrder<Row extends Record<string, unknown>>(rows: readonly Row[], ...names: readonly (keyof Row)[]): Row[] {
  return rows.toSorted((a, b) => names.reduce((order, name) => order || compare(String(a[name]), String(b[name])), 0));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
