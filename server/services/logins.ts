import type { Database } from "../store/database.ts";

/** Names with passwords, for the web app; each lets a user in (clearml-api.md 13). */
export interface Login {
  readonly name: string;
  readonly user: string;
  /** The password's hash, as `hashPassword` makes it. */
  readonly password: string;
}

/** The login of that name with its user, or nothing. */
export function loginNamed(db: Database, name: string): object[] {
  return db.all(
    `SELECT logins.password, users.id, users.name, users.company, users.role FROM logins JOIN users ON users.id = logins.user
     WHERE logins.name = ?`,
    name,
  );
}

export function saveLogin(db: Database, { name, user, password }: Login): void {
  db.run("INSERT OR REPLACE INTO logins (name, user, password) VALUES (?, ?, ?)", name, user, password);
}

/** What the user was given until now (ms) lets nobody in any more. */
export function putOut(db: Database, user: string, nowMs: number): void {
  db.run("INSERT OR REPLACE INTO put_out (user, since) VALUES (?, ?)", user, Math.ceil(nowMs / 1000));
}
