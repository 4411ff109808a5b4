import { createHash } from "node:crypto";
import Sqlite from "better-sqlite3";
import { numericKey } from "./collation.ts";
import { matches } from "./patterns.ts";

export type Row = Record<string, unknown>;
export type SqlValue = string | number | bigint | null | Uint8Array;
/** By place, or all of them by name. */
export type SqlParameter = SqlValue | Readonly<Record<string, SqlValue>>;

/** A connection of one store thread, with its statements prepared once. */
export class Database {
  readonly #sqlite: Sqlite.Database;
  readonly #statements = new Map<string, Sqlite.Statement>();

  constructor(path: string, options: { readonly: boolean }) {
    this.#sqlite = new Sqlite(path, { readonly: options.readonly });
    this.#sqlite.pragma("busy_timeout = 10000");
    this.#sqlite.pragma("cache_size = -32768");
    if (!options.readonly) this.#prepareWriter();
    this.#sqlite.function("regexp", { deterministic: true }, matches);
    this.#sqlite.function("numeric_key", { deterministic: true }, numericKey);
    this.#sqlite.function("md5", { deterministic: true }, (text: unknown) => md5(String(text)));
  }

  /** WAL with `synchronous = NORMAL`: what was committed survives every end of the process, and a power cut costs no consistency. */
  #prepareWriter(): void {
    this.#sqlite.pragma("page_size = 8192");
    this.#sqlite.pragma("journal_mode = WAL");
    this.#sqlite.pragma("synchronous = NORMAL");
    this.#sqlite.pragma("wal_autocheckpoint = 8000");
    this.#sqlite.pragma("journal_size_limit = 134217728");
  }

  get version(): number {
    return this.#sqlite.pragma("user_version", { simple: true }) as number;
  }

  set version(version: number) {
    this.#sqlite.pragma(`user_version = ${version}`);
  }

  get inTransaction(): boolean {
    return this.#sqlite.inTransaction;
  }

  exec(sql: string): void {
    this.#sqlite.exec(sql);
  }

  run(sql: string, ...values: SqlParameter[]): number {
    return this.#prepared(sql).run(...values).changes;
  }

  /** Like `run`; the id of the inserted row. */
  insert(sql: string, ...values: SqlParameter[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid);
  }

  get<T = Row>(sql: string, ...values: SqlParameter[]): T | undefined {
    return this.#prepared(sql).get(...values) as T | undefined;
  }

  all<T = Row>(sql: string, ...values: SqlParameter[]): T[] {
    return this.#prepared(sql).all(...values) as T[];
  }

  /** Rows as arrays, one after the other, for results that need not be in memory at once. */
  *rows(sql: string, ...values: SqlParameter[]): Generator<unknown[]> {
    yield* this.#sqlite
      .prepare(sql)
      .raw()
      .iterate(...values) as IterableIterator<unknown[]>;
  }

  close(): void {
    this.#sqlite.close();
  }

  #prepared(sql: string): Sqlite.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size > 500) this.#statements.clear();
    const statement = this.#sqlite.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export function md5(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}
