import { join, resolve } from "node:path";
import { loadConfig } from "../../agent/load-config.ts";
import { runDaemon } from "../../agent/main.ts";
import { type AgentFlagsGiven, agentFlags } from "../agent-flags.ts";
import { defaultDataFolder, type ServerFlags, startAsFlagged } from "./server.ts";

type UpFlags = ServerFlags & AgentFlagsGiven;

/** Server and agent in one process: the agent stops first, then the server. */
export async function upCommand(flags: UpFlags): Promise<number> {
  const server = await startAsFlagged(flags);
  try {
    const env = {
      ...process.env,
      CLEARML_CONFIG_FILE: server.configPath,
      CLEARML_API_HOST: server.apiUrl,
      CLEARML_FILES_HOST: server.filesUrl,
    };
    const state = flags.state ?? join(resolve(flags.data ?? defaultDataFolder()), "agent");
    const { config } = await loadConfig({ ...agentFlags(flags), state, createQueue: true }, env);
    const onReady = (): void => {
      process.stdout.write(`ready: API ${server.apiUrl}, files ${server.filesUrl}, agent ${config.name} on ${config.queues.join(", ")}\n`);
    };
    return await runDaemon(config, { signals: process, onReady });
  } finally {
    await server.close();
  }
}
