import { resolve } from "node:path";
import { defaultDataFolder } from "../../base/default-folders.ts";
import { createLogger } from "../../base/logger.ts";
import { type RunningServer, startServer } from "../../server/main.ts";

export interface ServerFlags {
  readonly data?: string;
  readonly host: string;
  readonly apiPort: number;
  readonly filesPort: number;
  /** Seconds. */
  readonly keepEvents?: number;
  readonly nameLogin?: boolean;
}

/** Starts the server as the flags say, and prints where its configuration for clients is. */
export async function startAsFlagged(flags: ServerFlags): Promise<RunningServer> {
  const logger = createLogger({ level: "info", format: process.stderr.isTTY === true ? "text" : "json" });
  const dataFolder = resolve(flags.data ?? defaultDataFolder(process.env));
  const { host, apiPort, filesPort, nameLogin = false, keepEvents: keepEventsSec } = flags;
  const server = await startServer({ dataFolder, host, apiPort, filesPort, nameLogin, keepEventsSec, logger });
  process.stdout.write(`configuration for clients: ${server.configPath} (CLEARML_CONFIG_FILE)\n`);
  return server;
}

/** Serves until SIGTERM or SIGINT. */
export async function serverCommand(flags: ServerFlags): Promise<number> {
  const server = await startAsFlagged(flags);
  process.stdout.write(`ready: API ${server.apiUrl}, files ${server.filesUrl}\n`);
  await new Promise<void>((stop) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop());
  });
  await server.close();
  return 0;
}
