import type { SqlValue } from "./database.ts";

/** A condition with its values, in order. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export const condition = (sql: string, ...values: readonly SqlValue[]): Condition => ({ sql, values });

export const NEVER: Condition = condition("0");

export function joined(conditions: readonly Condition[], operator: "AND" | "OR"): Condition {
  const sql = conditions.map((one) => `(${one.sql})`).join(` ${operator} `);
  return { sql, values: conditions.flatMap((one) => one.values) };
}

/** Where nothing is stored the condition does not hold, and so its opposite does. */
export const opposite = ({ sql, values }: Condition): Condition => ({ sql: `NOT coalesce((${sql}), 0)`, values });

/** One of many values by one parameter, whatever their number; an index serves. */
export function isOneOf(sql: string, values: readonly unknown[]): Condition {
  return values.length === 1 && typeof values[0] === "string"
    ? condition(`${sql} = ?`, values[0])
    : condition(`${sql} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
}
