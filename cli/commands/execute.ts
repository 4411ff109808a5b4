import { createClient } from "../../agent/client.ts";
import { runExecute } from "../../agent/execute.ts";
import { loadConfig } from "../../agent/load-config.ts";
import { type AgentFlagsGiven, agentFlags } from "../agent-flags.ts";
import { findTask } from "../find-task.ts";

export async function executeCommand(flags: AgentFlagsGiven & { id: string }): Promise<number> {
  const { config } = await loadConfig(agentFlags(flags), process.env);
  const id = await findTask(createClient(config), flags.id);
  return await runExecute(config, id, { signals: process, write: (chunk) => void process.stdout.write(chunk) });
}
