import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, writeFileDurably } from "../base/files.ts";
import { hashPassword, newPassword } from "./auth/passwords.ts";
import { isMap } from "./body.ts";
import type { Store } from "./store/store.ts";

/** The name and password that a first start makes up for the web app, as they stand in `web-login.json` of the data folder (0600). */
interface WebLogin {
  readonly user: string;
  readonly password: string;
}

export const FIRST_NAME = "windlass";

/** A store without any login gets one, for its first user. The file is written first: a login that nobody knows is of no use. */
export async function ensureWebLogin(store: Store, dataFolder: string, user: string): Promise<void> {
  const { any } = await store.internal<{ any: boolean }>("internal.has_logins", {});
  if (any) return;
  const login = (await readWebLogin(dataFolder)) ?? { user: FIRST_NAME, password: newPassword() };
  await writeFileDurably(pathIn(dataFolder), `${JSON.stringify(login)}\n`);
  await store.internal("internal.first_login", { name: login.user, user, password: await hashPassword(login.password) });
}

/** Takes the file away when it is about this user: what it says holds no longer. */
export async function forgetWebLogin(dataFolder: string, user: string): Promise<void> {
  if ((await readWebLogin(dataFolder))?.user === user) await rm(pathIn(dataFolder), { force: true });
}

const pathIn = (dataFolder: string): string => join(dataFolder, "web-login.json");

/** A damaged file is none. */
async function readWebLogin(dataFolder: string): Promise<WebLogin | undefined> {
  try {
    const login: unknown = JSON.parse((await readIfThere(pathIn(dataFolder))) ?? "null");
    const { user, password } = isMap(login) ? login : {};
    return typeof user === "string" && typeof password === "string" && user !== "" && password !== "" ? { user, password } : undefined;
  } catch {
    return undefined;
  }
}
