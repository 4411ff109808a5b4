import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../../api/session.ts";
import { defaultDataFolder } from "../../base/default-folders.ts";
import { codeOf, messageOf, WindlassError } from "../../base/errors.ts";
import { parseHocon } from "../../base/hocon.ts";
import { completeHosts, type Hosts } from "./hosts.ts";

/** Where the server is, and who we are there. */
export interface ConnectionSettings {
  readonly hosts: Hosts;
  readonly credentials: Credentials;
}

/** What may be said in a program, in the environment or in a clearml.conf. */
export interface Said {
  readonly api?: string | undefined;
  readonly web?: string | undefined;
  readonly files?: string | undefined;
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly token?: string | undefined;
}

/** `CLEARML_…`, else its old name `TRAINS_…`; an empty text is none. */
export const variable = (name: string): string | undefined =>
  process.env[`CLEARML_${name}`]?.trim() || process.env[`TRAINS_${name}`]?.trim() || undefined;

/** What the program said wins over the environment, and that over the clearml.conf (task-class.md B1, B2). */
export async function readSettings(inProgram: Said = {}): Promise<ConnectionSettings> {
  const said = merged(inEnvironment(), inProgram);
  return settingsOf(isEnough(said) ? said : merged(await inConf(), said));
}

const isEnough = ({ api, files, token, accessKey, secretKey }: Said): boolean =>
  api !== undefined && files !== undefined && (token !== undefined || (accessKey !== undefined && secretKey !== undefined));

function inEnvironment(): Said {
  return {
    api: variable("API_HOST"),
    web: variable("WEB_HOST"),
    files: variable("FILES_HOST"),
    accessKey: variable("API_ACCESS_KEY"),
    secretKey: variable("API_SECRET_KEY"),
    token: variable("AUTH_TOKEN"),
  };
}

const merged = (below: Said, above: Said): Said => ({
  ...below,
  ...Object.fromEntries(Object.entries(above).filter(([, value]) => value !== undefined && value !== "")),
});

function settingsOf({ api, web, files, token, accessKey, secretKey }: Said): ConnectionSettings {
  if (api === undefined) throw notConfigured("no ClearML server is named");
  const hosts = completeHosts({ api, ...(web === undefined ? {} : { web }), ...(files === undefined ? {} : { files }) });
  if (token !== undefined) return { hosts, credentials: { token } };
  if (accessKey === undefined || secretKey === undefined) throw notConfigured(`there are no keys for the server ${api}`);
  return { hosts, credentials: { accessKey, secretKey } };
}

const notConfigured = (message: string): WindlassError =>
  new WindlassError(message, {
    code: "not-configured",
    hint: "CLEARML_CONFIG_FILE names a clearml.conf, ~/clearml.conf is one, or CLEARML_API_HOST, CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY say it.",
  });

/** The file that CLEARML_CONFIG_FILE names, else ~/clearml.conf, else that of the embedded server in its usual folder. */
async function inConf(): Promise<Said> {
  const named = variable("CONFIG_FILE");
  const paths = named === undefined ? [join(homedir(), "clearml.conf"), join(defaultDataFolder(process.env), "clearml.conf")] : [named];
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(noFile);
    if (text !== undefined) return saidIn(await parsedConf(text, path));
  }
  return {};
}

function noFile(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

async function parsedConf(text: string, path: string): Promise<unknown> {
  try {
    return await parseHocon(text);
  } catch (error) {
    throw new WindlassError(`${path} cannot be read: ${messageOf(error)}`, { code: "not-configured", hint: "It has to be HOCON." });
  }
}

function saidIn(conf: unknown): Said {
  const at = (...path: string[]): string | undefined => {
    const value = path.reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], conf);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    api: at("api", "api_server"),
    web: at("api", "web_server"),
    files: at("api", "files_server"),
    accessKey: at("api", "credentials", "access_key"),
    secretKey: at("api", "credentials", "secret_key"),
  };
}
