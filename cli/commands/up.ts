import { join, resolve } from "node:path";
import type { Config, ConfigFlags } from "../../agent/config.ts";
import { loadConfig } from "../../agent/load-config.ts";
import { runDaemon } from "../../agent/main.ts";
import { defaultDataFolder } from "../../base/default-folders.ts";
import type { RunningServer } from "../../server/main.ts";
import { type AgentFlagsGiven, agentFlags } from "../agent-flags.ts";
import { warnAboutGpus } from "../gpu-warning.ts";
import { reportError } from "../report-error.ts";
import { addressesOf, type ServerFlags, startAsFlagged } from "./server.ts";

type UpFlags = ServerFlags & AgentFlagsGiven;

/** Server and agent in one process: the agent stops first, then the server. */
export async function upCommand(flags: UpFlags): Promise<never> {
  const given = agentFlags(flags);
  const server = await startAsFlagged(flags);
  process.exit(
    await withAgent(flags, given, server)
      .catch(reportError)
      .finally(() => server.close()),
  );
}

async function withAgent(flags: UpFlags, given: ConfigFlags, server: RunningServer): Promise<number> {
  const env = {
    ...process.env,
    CLEARML_CONFIG_FILE: server.configPath,
    CLEARML_API_HOST: server.apiUrl,
    CLEARML_FILES_HOST: server.filesUrl,
  };
  const state = flags.state ?? join(resolve(flags.data ?? defaultDataFolder(process.env)), "agent");
  const reloadConfig = async (): Promise<Config> => (await loadConfig({ ...given, state, createQueue: true }, env)).config;
  const config = await reloadConfig();
  await warnAboutGpus(config);
  const onReady = (): void => {
    process.stdout.write(`ready: ${addressesOf(server)}, agent ${config.name} on ${config.queues.join(", ")}\n`);
  };
  return await runDaemon(config, { signals: process, onReady, reloadConfig });
}
