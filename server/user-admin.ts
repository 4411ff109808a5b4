import { join } from "node:path";
import { WindlassError } from "../base/errors.ts";
import { holdFileLock } from "../base/file-lock.ts";
import { ensurePrivateFolder } from "../base/files.ts";
import { hashPassword } from "./auth/passwords.ts";
import { wireDate } from "./body.ts";
import { loadIdentity } from "./identity.ts";
import { putOut, saveLogin } from "./services/logins.ts";
import { Database, md5 } from "./store/database.ts";
import { insertDocument } from "./store/documents.ts";
import { USER } from "./store/kinds.ts";
import { ensurePrivateFile } from "./store/private-file.ts";
import { isToday, migrate } from "./store/schema.ts";
import { COMPANY } from "./store/store.ts";
import { forgetWebLogin } from "./web-login.ts";

/**
 * People who log in to the web app with a name and a password, changed in the store of a data folder. A server may run on it
 * meanwhile: SQLite lets both write, and the server looks at each login anew; one that is not running may find its store older.
 */
export interface NewLogin {
  readonly name: string;
  readonly password: string;
  readonly isAdmin: boolean;
}

export async function addLogin(dataFolder: string, { name, password, isAdmin }: NewLogin): Promise<void> {
  const hash = await hashPassword(password);
  await inStore(dataFolder, (db) => {
    if (userOf(db, name) !== undefined)
      throw new WindlassError(`there is a user ${name} already`, {
        code: "user-exists",
        hint: `windlass server user password ${name} gives a new password.`,
      });
    saveLogin(db, { name, user: ensureUser(db, name, isAdmin ? "admin" : "user"), password: hash });
  });
}

export async function changePassword(dataFolder: string, name: string, password: string): Promise<void> {
  const hash = await hashPassword(password);
  await inStore(dataFolder, (db) => saveLogin(db, { name, user: requireLogin(db, name), password: hash }));
  await forgetWebLogin(dataFolder, name);
}

/**
 * The login, the user's keys, and what was given for either go; the user stays, since tasks name him. The first user, whose keys
 * are in the server's clearml.conf, loses the login only.
 */
export async function removeLogin(dataFolder: string, name: string): Promise<void> {
  await ensurePrivateFolder(dataFolder);
  const first = (await loadIdentity(dataFolder)).user;
  await inStore(dataFolder, (db) => {
    const user = requireLogin(db, name);
    db.run("DELETE FROM logins WHERE name = ?", name);
    if (user === first) return;
    db.run("DELETE FROM credentials WHERE user = ?", user);
    putOut(db, user, Date.now());
  });
  await forgetWebLogin(dataFolder, name);
}

/** The same name is the same user, however often it is added: its id is made from it, as there (clearml-api.md 1.6). */
function ensureUser(db: Database, name: string, role: string): string {
  const id = md5(`${COMPANY}:${name}`);
  if (db.run("UPDATE users SET role = ? WHERE id = ?", role, id) > 0) return id;
  insertDocument(db, USER, { id, name, company: COMPANY, role, created: wireDate(Date.now()) });
  return id;
}

function userOf(db: Database, name: string): string | undefined {
  return db.get<{ user: string }>("SELECT user FROM logins WHERE name = ?", name)?.user;
}

function requireLogin(db: Database, name: string): string {
  const user = userOf(db, name);
  if (user !== undefined) return user;
  throw new WindlassError(`there is no user ${name}`, { code: "no-such-user", hint: `windlass server user add ${name} makes one.` });
}

/** All or nothing. A store that nobody serves is brought to today's form first, and held against a server that would start. */
async function inStore(dataFolder: string, work: (db: Database) => void): Promise<void> {
  await ensurePrivateFolder(dataFolder);
  const release = await holdFileLock(join(dataFolder, "server.lock"));
  try {
    const path = join(dataFolder, "windlass.db");
    await ensurePrivateFile(path);
    const db = new Database(path, { readonly: false });
    try {
      if (typeof release !== "number") migrate(db);
      else if (!isToday(db))
        throw new WindlassError("the server that runs on this data folder is another version of Windlass", {
          code: "other-version",
          hint: "Use the windlass that runs the server, or stop the server first.",
        });
      inTransaction(db, work);
    } finally {
      db.close();
    }
  } finally {
    if (typeof release !== "number") await release();
  }
}

function inTransaction(db: Database, work: (db: Database) => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work(db);
    db.exec("COMMIT");
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
}
