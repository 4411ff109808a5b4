import { mkdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { MINUTE_MS, SECOND_MS } from "../base/clock.ts";
import { codeOf, WindlassError } from "../base/errors.ts";
import { holdFileLock } from "../base/file-lock.ts";
import { ensurePrivateFolder, readIfThere } from "../base/files.ts";
import type { Logger } from "../base/logger.ts";
import { createApiServer } from "./api-server.ts";
import { Authentication } from "./auth/authentication.ts";
import { Tokens } from "./auth/tokens.ts";
import { writeClientConfig } from "./client-config.ts";
import { createFilesServer } from "./files/files-server.ts";
import { loadIdentity } from "./identity.ts";
import { Store } from "./store/store.ts";
import { WaitingCalls } from "./waiting-calls.ts";

export interface ServerOptions {
  readonly dataFolder: string;
  /** Address to listen on; loopback unless somebody says otherwise. */
  readonly host: string;
  /** 0 = any free port. */
  readonly apiPort: number;
  readonly filesPort: number;
  readonly logger: Logger;
  /** A running task that was silent for so long is stopped; 7200 s as on the official server. */
  readonly silentTaskSec?: number;
  readonly watchdogEverySec?: number;
}

export interface RunningServer {
  readonly apiUrl: string;
  readonly filesUrl: string;
  /** The clearml.conf with the key pair. */
  readonly configPath: string;
  close(): Promise<void>;
}

/** Starts API and files on one data folder, which is held against a second server; both answer when this resolves. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataFolder, logger } = options;
  await ensurePrivateFolder(dataFolder);
  const releaseLock = await holdDataFolder(dataFolder);
  try {
    return await serve(options, releaseLock);
  } catch (error) {
    await releaseLock();
    logger.debug({ err: error }, "the server did not start");
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

async function serve(options: ServerOptions, releaseLock: () => Promise<void>): Promise<RunningServer> {
  const { dataFolder, host, logger } = options;
  const identity = await loadIdentity(dataFolder);
  const waiting: WaitingCalls = new WaitingCalls(() => store);
  const store: Store = await Store.open({
    path: join(dataFolder, "windlass.db"),
    logger,
    onEffects: (queues, tasks) => waiting.touched(queues, tasks),
  });
  await store.internal("internal.bootstrap", {
    user: identity.user,
    name: "windlass",
    access_key: identity.accessKey,
    secret_key: identity.secretKey,
  });
  const { sessions } = await store.internal<{ sessions: string[] }>("internal.revoked_tokens", {});
  const auth = new Authentication(store, new Tokens(identity.tokenSecret, sessions));
  await ensureDefaultQueue(store);
  const stopping = new AbortController();
  const filesRoot = join(dataFolder, "files");
  await mkdir(filesRoot, { recursive: true, mode: 0o700 });
  const api = createApiServer({ store, auth, waiting, logger, stopping: stopping.signal });
  const files = await createFilesServer({ root: filesRoot, auth });
  const ports = await portsOf(options);
  const apiUrl = await listen(api, host, ports.api);
  const filesUrl = await listen(files, host, ports.files);
  const configPath = join(dataFolder, "clearml.conf");
  await writeClientConfig(configPath, { apiUrl, filesUrl, webUrl: apiUrl, accessKey: identity.accessKey, secretKey: identity.secretKey });
  const watchdog = startWatchdog(store, options);
  return {
    apiUrl,
    filesUrl,
    configPath,
    async close() {
      clearInterval(watchdog);
      stopping.abort();
      waiting.close();
      await Promise.all([api.close(), files.close()]);
      await store.close();
      await releaseLock();
    },
  };
}

/** Port 0 means any free one; a second start of the same folder keeps the ports it had, if nobody took them. */
async function portsOf(options: ServerOptions): Promise<{ api: number; files: number }> {
  if (options.apiPort !== 0 && options.filesPort !== 0) return { api: options.apiPort, files: options.filesPort };
  const before = (await readIfThere(join(options.dataFolder, "clearml.conf"))) ?? "";
  const portIn = async (key: string): Promise<number> =>
    await freeOr(Number(new RegExp(`${key}: "[^"]*:(\\d+)"`).exec(before)?.[1] ?? 0), options.host);
  return {
    api: options.apiPort === 0 ? await portIn("api_server") : options.apiPort,
    files: options.filesPort === 0 ? await portIn("files_server") : options.filesPort,
  };
}

/** The port, or 0 when somebody listens there. */
async function freeOr(port: number, host: string): Promise<number> {
  const probe = createServer();
  return await new Promise((resolve) => {
    probe.once("error", () => resolve(0));
    probe.listen({ host, port }, () => probe.close(() => resolve(port)));
  });
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") throw portInUse(host, port);
    throw error;
  }
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${shown}:${(app.server.address() as AddressInfo).port}`;
}

function portInUse(host: string, port: number): WindlassError {
  return new WindlassError(`port ${port} of ${host} is taken by another program`, {
    code: "port-in-use",
    hint: "Choose others with --api-port and --files-port (0 = any free one).",
  });
}

/** A company without any queue gets one named `default`, as on the official server (clearml-api.md 5). */
async function ensureDefaultQueue(store: Store): Promise<void> {
  const { queues } = await store.internal<{ queues: unknown[] }>("queues.get_all", { search_hidden: true, page_size: 1 });
  if (queues.length === 0) await store.internal("queues.create", { name: "default", system_tags: ["default"] });
}

function startWatchdog(store: Store, options: ServerOptions): NodeJS.Timeout {
  const silentMs = (options.silentTaskSec ?? 7200) * SECOND_MS;
  const everyMs = options.watchdogEverySec === undefined ? 15 * MINUTE_MS : options.watchdogEverySec * SECOND_MS;
  const look = async (): Promise<void> => {
    const { stopped } = await store.internal<{ stopped: string[] }>("internal.stop_silent", { silent_ms: silentMs });
    if (stopped.length > 0) options.logger.warn({ tasks: stopped }, "stopped tasks that went silent");
  };
  return setInterval(() => void look().catch((error: unknown) => options.logger.error({ err: error }, "the watchdog failed")), everyMs);
}
