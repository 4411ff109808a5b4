import { runExecute } from "../../agent/execute.ts";
import { loadConfig } from "../../agent/load-config.ts";
import { type AgentFlagsGiven, agentFlags } from "../agent-flags.ts";
import { loggedIn } from "../client.ts";
import { findOneTask } from "../find-task.ts";
import { warnAboutGpus } from "../gpu-warning.ts";

export async function executeCommand(flags: AgentFlagsGiven & { id: string }): Promise<number> {
  const loaded = await loadConfig(agentFlags(flags), process.env);
  const { config } = loaded;
  await warnAboutGpus(config);
  const id = await findOneTask(await loggedIn(loaded), flags.id);
  return await runExecute(config, id, { signals: process, write: (chunk) => void process.stdout.write(chunk) });
}
