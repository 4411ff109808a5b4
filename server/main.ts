import { chmod, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";
import { WindlassError } from "../base/errors.ts";
import { holdFileLock } from "../base/file-lock.ts";
import { ensurePrivateFolder, readIfThere } from "../base/files.ts";
import type { Logger } from "../base/logger.ts";
import { createApiServer } from "./api-server.ts";
import { Authentication } from "./auth/authentication.ts";
import { PasswordLogin } from "./auth/password-login.ts";
import { PutOut } from "./auth/put-out.ts";
import { Tokens } from "./auth/tokens.ts";
import { type KeyPair, webKeysOf } from "./auth/web-keys.ts";
import { writeClientConfig } from "./client-config.ts";
import { cleanEvents } from "./event-cleaning.ts";
import { keepFigures } from "./figures-upkeep.ts";
import { cleanFiles } from "./files/file-cleaning.ts";
import { createFilesServer } from "./files/files-server.ts";
import { type CertificateFiles, HttpServers } from "./http-server.ts";
import { loadIdentity, type ServerIdentity } from "./identity.ts";
import { freeOr, listen } from "./listen.ts";
import { watchSilence } from "./silence-watch.ts";
import { Store } from "./store/store.ts";
import { WaitingCalls } from "./waiting-calls.ts";
import { createWebServer, type WebOptions } from "./web/web-server.ts";
import { ensureWebLogin, FIRST_NAME } from "./web-login.ts";

export interface ServerOptions {
  readonly dataFolder: string;
  /** Address to listen on; loopback unless somebody says otherwise. */
  readonly host: string;
  /** 0 = any free port. */
  readonly apiPort: number;
  readonly filesPort: number;
  /** The web app: the folder of its files, and its port (0 = any free one). */
  readonly web?: { readonly folder: string; readonly port: number } | undefined;
  /** With these all ports speak TLS only. */
  readonly certificate?: CertificateFiles | undefined;
  readonly logger: Logger;
  /** The web app asks for a name only, and whoever reaches the server is whom he says. */
  readonly nameLogin?: boolean;
  /** A running task that was silent for so long is stopped; 7200 s as on the official server. */
  readonly silentTaskSec?: number;
  readonly watchdogEverySec?: number;
  /** Console lines, scalars, plots and images older than this are deleted; undefined: all are kept. */
  readonly keepEventsSec?: number | undefined;
  readonly cleanEventsEverySec?: number;
  readonly cleanFilesEverySec?: number;
}

export interface RunningServer {
  readonly apiUrl: string;
  readonly filesUrl: string;
  /** Of the web app, when it is served. */
  readonly webUrl: string | undefined;
  /** The clearml.conf with the key pair. */
  readonly configPath: string;
  /** For the web app's `credentials.json`, when a name is enough to log in. */
  readonly webKeys: KeyPair | undefined;
  /** Reads certificate and key again; throws, and goes on with the old ones, when the new ones are none. */
  reloadCertificate(): Promise<void>;
  close(): Promise<void>;
}

/** What was opened so far; closed in the reverse order, at the end or when the start fails half way. */
class Opened {
  readonly #closers: (() => unknown)[] = [];

  push(close: () => unknown): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }
}

/** Starts API and files on one data folder, which is held against a second server; both answer when this resolves. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataFolder, logger } = options;
  await ensurePrivateFolder(dataFolder);
  await chmod(dataFolder, 0o700);
  const opened = new Opened();
  try {
    opened.push(await holdDataFolder(dataFolder));
    return await serve(options, opened);
  } catch (error) {
    logger.debug({ err: error }, "the server did not start");
    await opened.close();
    throw error;
  }
}

async function holdDataFolder(dataFolder: string): Promise<() => Promise<void>> {
  const release = await holdFileLock(join(dataFolder, "server.lock"));
  if (typeof release !== "number") return release;
  throw new WindlassError(`another server (process ${release}) uses the data folder ${dataFolder}`, {
    code: "data-folder-in-use",
    hint: "Stop it, or give this one a folder of its own with --data.",
  });
}

async function serve(options: ServerOptions, opened: Opened): Promise<RunningServer> {
  const { dataFolder, logger } = options;
  const identity = await loadIdentity(dataFolder);
  const { store, waiting } = await openStore(options, opened);
  const auth = await prepared(store, identity, options);
  const stopping = new AbortController();
  const servers = await HttpServers.open(options.certificate);
  const api = createApiServer({ servers, store, auth, waiting, logger, stopping: stopping.signal });
  opened.push(async () => await api.close());
  const folders = await filesFolders(dataFolder);
  const files = await createFilesServer({ servers, ...folders, auth, logger });
  opened.push(async () => await files.close());
  const ports = await portsOf(options);
  const web =
    options.web === undefined
      ? undefined
      : await openWeb({ folder: options.web.folder, servers, api, files, keys: auth.webKeys, logger }, opened);
  const address = { scheme: servers.scheme, host: options.host };
  const apiUrl = await listen(api.server, { ...address, port: ports.api }, async (at) => void (await api.listen(at)));
  const filesUrl = await listen(files.server, { ...address, port: ports.files }, async (at) => void (await files.listen(at)));
  const webUrl = web === undefined ? undefined : await listen(web, { ...address, port: ports.web });
  const configPath = join(dataFolder, "clearml.conf");
  await writeClientConfig(configPath, {
    apiUrl,
    filesUrl,
    webUrl: webUrl ?? apiUrl,
    accessKey: identity.accessKey,
    secretKey: identity.secretKey,
  });
  opened.push(watchSilence(store, options));
  opened.push(cleanEvents(store, options));
  opened.push(keepFigures(store, logger));
  const addresses = [filesUrl, ...(webUrl === undefined ? [] : [`${webUrl}/files`])];
  opened.push(cleanFiles({ store, logger, root: folders.root, addresses, everySec: options.cleanFilesEverySec }));
  opened.push(() => stopping.abort());
  return {
    ...{ apiUrl, filesUrl, webUrl, configPath, webKeys: auth.webKeys },
    reloadCertificate: async () => await servers.reload(),
    close: async () => await opened.close(),
  };
}

async function openWeb(options: WebOptions, opened: Opened): Promise<Server> {
  const web = await createWebServer(options);
  opened.push(async () => {
    if (!web.listening) return;
    web.closeAllConnections();
    await new Promise((resolve) => web.close(resolve));
  });
  return web;
}

async function openStore({ dataFolder, logger }: ServerOptions, opened: Opened): Promise<{ store: Store; waiting: WaitingCalls }> {
  const waiting: WaitingCalls = new WaitingCalls(() => store);
  const store: Store = await Store.open({
    path: join(dataFolder, "windlass.db"),
    logger,
    onEffects: (queues, tasks) => waiting.touched(queues, tasks),
  });
  opened.push(async () => await store.close());
  opened.push(() => waiting.close());
  return { store, waiting };
}

/** The store with its first user, login and queue, and who may come in. */
async function prepared(store: Store, identity: ServerIdentity, { dataFolder, logger, nameLogin }: ServerOptions): Promise<Authentication> {
  await store.internal("internal.bootstrap", {
    user: identity.user,
    name: FIRST_NAME,
    access_key: identity.accessKey,
    secret_key: identity.secretKey,
  });
  await ensureWebLogin(store, dataFolder, identity.user);
  await ensureDefaultQueue(store);
  const { sessions } = await store.internal<{ sessions: string[] }>("internal.revoked_tokens", {});
  const putOut = new PutOut(store);
  await putOut.read();
  return new Authentication({
    store,
    tokens: new Tokens(identity.tokenSecret, sessions),
    passwords: new PasswordLogin(store, logger),
    putOut,
    webKeys: nameLogin === true ? webKeysOf(identity.tokenSecret) : undefined,
  });
}

/** Files, and beside them what is not yet whole: what is left there of an earlier start will never be. */
async function filesFolders(dataFolder: string): Promise<{ root: string; partialFolder: string }> {
  const [root, partialFolder] = [join(dataFolder, "files"), join(dataFolder, "uploads")];
  await rm(partialFolder, { recursive: true, force: true });
  for (const folder of [root, partialFolder]) {
    await ensurePrivateFolder(folder);
    await chmod(folder, 0o700);
  }
  return { root, partialFolder };
}

/** Port 0 means any free one; a second start of the same folder keeps the ports it had, if nobody took them. */
async function portsOf(options: ServerOptions): Promise<{ api: number; files: number; web: number }> {
  const before = (await readIfThere(join(options.dataFolder, "clearml.conf"))) ?? "";
  const portIn = (key: string): number => Number(new RegExp(`${key}: "[^"]*:(\\d+)"`).exec(before)?.[1] ?? 0);
  const chosen = async (port: number, key: string): Promise<number> => (port === 0 ? await freeOr(portIn(key), options.host) : port);
  const web = options.web?.port ?? 0;
  return {
    api: await chosen(options.apiPort, "api_server"),
    files: await chosen(options.filesPort, "files_server"),
    // Without a web app the configuration names the API in its place.
    web: portIn("web_server") === portIn("api_server") ? web : await chosen(web, "web_server"),
  };
}

/** A company without any queue gets one named `default`, as on the official server (clearml-api.md 5). */
async function ensureDefaultQueue(store: Store): Promise<void> {
  const { queues } = await store.internal<{ queues: unknown[] }>("queues.get_all", { search_hidden: true, page_size: 1 });
  if (queues.length === 0) await store.internal("queues.create", { name: "default", system_tags: ["default"] });
}
