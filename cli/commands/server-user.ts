import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { defaultDataFolder } from "../../base/default-folders.ts";
import { WindlassError } from "../../base/errors.ts";
import { newPassword } from "../../server/auth/passwords.ts";
import { addLogin, changePassword, removeLogin } from "../../server/user-admin.ts";

export interface UserFlags {
  readonly data?: string;
  readonly admin?: boolean;
  readonly passwordStdin?: boolean;
}

const SHORTEST = 8;

/** `windlass server user add|password NAME`: with the password from stdin, or with one that is made up and printed once. */
export async function addUserCommand(name: string, flags: UserFlags): Promise<void> {
  const password = await passwordOf(flags);
  await addLogin(folderOf(flags), { name: loginName(name), password, isAdmin: flags.admin === true });
  tell(`user ${name} added`, password, flags);
}

export async function userPasswordCommand(name: string, flags: UserFlags): Promise<void> {
  const password = await passwordOf(flags);
  await changePassword(folderOf(flags), name, password);
  tell(`user ${name} has a new password`, password, flags);
}

export async function removeUserCommand(name: string, flags: UserFlags): Promise<void> {
  await removeLogin(folderOf(flags), name);
  process.stdout.write(`user ${name} removed\n`);
}

const folderOf = (flags: UserFlags): string => resolve(flags.data ?? defaultDataFolder(process.env));

function tell(what: string, password: string, flags: UserFlags): void {
  process.stdout.write(flags.passwordStdin === true ? `${what}\n` : `${what}: ${password}\n`);
}

async function passwordOf(flags: UserFlags): Promise<string> {
  if (flags.passwordStdin !== true) return newPassword();
  const password = (await readAll(process.stdin)).replace(/\r?\n$/, "");
  if (password.length >= SHORTEST) return password;
  throw new WindlassError(`the password is shorter than ${SHORTEST} characters`, { code: "password-too-short" });
}

/** A colon ends the name on the wire, and what looks like an access key is taken for one. */
function loginName(name: string): string {
  const isFit = name === name.trim() && name.length >= 1 && name.length <= 100 && !/[:\p{Cc}]/u.test(name) && !/^[A-Z0-9]{20,}$/.test(name);
  if (isFit) return name;
  throw new WindlassError(`${JSON.stringify(name)} cannot be a user's name`, {
    code: "bad-user-name",
    hint: "Up to 100 characters, without a colon, not like an access key.",
  });
}
