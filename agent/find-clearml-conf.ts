import { homedir } from "node:os";
import { join } from "node:path";
import { defaultDataFolder } from "../base/default-folders.ts";
import { WindlassError } from "../base/errors.ts";
import { readIfThere } from "../base/files.ts";
import { readClearmlConf } from "./clearml-conf.ts";
import type { ConfigFile } from "./config-schema.ts";

export interface FoundConf {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * The clearml.conf that counts: the one that CLEARML_CONFIG_FILE names, else ~/clearml.conf. When nothing anywhere names a
 * server or a key, it is that of `windlass up` in this user's default data folder: it is theirs alone (0600), and its server
 * listens on this machine. Whatever was said elsewhere is never mixed with it.
 */
export async function findClearmlConf(env: NodeJS.ProcessEnv, server: ConfigFile["server"]): Promise<FoundConf | undefined> {
  const asked = env["CLEARML_CONFIG_FILE"] || env["TRAINS_CONFIG_FILE"];
  if (asked !== undefined) return await askedConf(asked, env);
  const own = await read(join(homedir(), "clearml.conf"));
  if (own !== undefined) return own;
  return isSaid(env, server) ? undefined : await read(join(defaultDataFolder(env), "clearml.conf"));
}

/** A name that leads nowhere is a mistake, except where the environment says all that the file could. */
async function askedConf(path: string, env: NodeJS.ProcessEnv): Promise<FoundConf | undefined> {
  const found = await read(path);
  if (found !== undefined || hasKeys(env)) return found;
  throw new WindlassError(`there is no file ${path}, which CLEARML_CONFIG_FILE names`, {
    code: "bad-config",
    hint: "windlass up and windlass server print where they write their clearml.conf; windlass init writes a configuration for another server.",
  });
}

async function read(path: string): Promise<FoundConf | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : { path, values: await readClearmlConf(text, path) };
}

const SERVER_VARIABLES = ["API_HOST", "API_ACCESS_KEY", "API_SECRET_KEY", "AUTH_TOKEN", "FILES_HOST", "WEB_HOST"];

function isSaid(env: NodeJS.ProcessEnv, server: ConfigFile["server"]): boolean {
  const inEnvironment = SERVER_VARIABLES.some((name) => Boolean(env[`CLEARML_${name}`]) || Boolean(env[`TRAINS_${name}`]));
  return inEnvironment || Object.values(server).some((value) => typeof value === "string");
}

function hasKeys(env: NodeJS.ProcessEnv): boolean {
  const has = (name: string): boolean => Boolean(env[`CLEARML_${name}`]) || Boolean(env[`TRAINS_${name}`]);
  return has("API_HOST") && ((has("API_ACCESS_KEY") && has("API_SECRET_KEY")) || has("AUTH_TOKEN"));
}
