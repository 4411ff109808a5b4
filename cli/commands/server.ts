import { resolve } from "node:path";
import { defaultDataFolder } from "../../base/default-folders.ts";
import { createLogger, type Logger } from "../../base/logger.ts";
import type { CertificateFiles } from "../../server/http-server.ts";
import { type RunningServer, startServer } from "../../server/main.ts";
import { usageError } from "../report-error.ts";

export interface ServerFlags {
  readonly data?: string;
  readonly host: string;
  readonly apiPort: number;
  readonly filesPort: number;
  readonly webDir?: string;
  readonly webPort: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** Seconds. */
  readonly keepEvents?: number;
  readonly nameLogin?: boolean;
}

/** Starts the server as the flags say, and prints where its configuration for clients is. */
export async function startAsFlagged(flags: ServerFlags): Promise<RunningServer> {
  const logger = createLogger({ level: "info", format: process.stderr.isTTY === true ? "text" : "json" });
  const dataFolder = resolve(flags.data ?? defaultDataFolder(process.env));
  const { host, apiPort, filesPort, nameLogin = false, keepEvents: keepEventsSec } = flags;
  const [web, certificate] = [webOf(flags), certificateOf(flags)];
  const server = await startServer({ dataFolder, host, apiPort, filesPort, web, certificate, nameLogin, keepEventsSec, logger });
  if (certificate !== undefined) process.on("SIGHUP", () => void reload(server, logger));
  process.stdout.write(`configuration for clients: ${server.configPath} (CLEARML_CONFIG_FILE)\n`);
  return server;
}

function webOf({ webDir, webPort }: ServerFlags): { folder: string; port: number } | undefined {
  return webDir === undefined ? undefined : { folder: resolve(webDir), port: webPort };
}

function certificateOf({ tlsCert, tlsKey }: ServerFlags): CertificateFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert !== undefined && tlsKey !== undefined) return { certPath: resolve(tlsCert), keyPath: resolve(tlsKey) };
  throw usageError("--tls-cert and --tls-key belong together", "Give both, or none.");
}

async function reload(server: RunningServer, logger: Logger): Promise<void> {
  await server.reloadCertificate().then(
    () => logger.info("the certificate was read again"),
    (error: unknown) => logger.error({ err: error }, "the old certificate goes on: the new one cannot be used"),
  );
}

/** What is served where, for the line `ready`. */
export function addressesOf({ apiUrl, filesUrl, webUrl }: RunningServer): string {
  return `API ${apiUrl}, files ${filesUrl}${webUrl === undefined ? "" : `, web ${webUrl}`}`;
}

/** Serves until SIGTERM or SIGINT. */
export async function serverCommand(flags: ServerFlags): Promise<number> {
  const server = await startAsFlagged(flags);
  process.stdout.write(`ready: ${addressesOf(server)}\n`);
  await new Promise<void>((stop) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop());
  });
  await server.close();
  return 0;
}
