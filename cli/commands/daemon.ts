import type { Config } from "../../agent/config.ts";
import { DAEMON_FLAGS, optionName } from "../../agent/daemon-flags.ts";
import { runDaemon } from "../../agent/main.ts";
import { WindlassError } from "../../base/errors.ts";
import { type AgentFlagsGiven, agentFlags } from "../agent-flags.ts";
import { loadConfigAside } from "../load-config-aside.ts";
import { reportError } from "../report-error.ts";

export async function daemonCommand(flags: AgentFlagsGiven & { configFile?: string } & Record<string, unknown>): Promise<never> {
  const refused = DAEMON_FLAGS.find((flag) => flag.refused !== undefined && flags[optionName(flag)] !== undefined);
  if (refused !== undefined)
    throw new WindlassError(`${refused.flags.split(" ")[0]} is not supported`, {
      code: "unsupported-flag",
      hint: `Instead: ${refused.refused}.`,
    });
  const env = flags.configFile === undefined ? process.env : { ...process.env, CLEARML_CONFIG_FILE: flags.configFile };
  const load = async (): Promise<Config> => (await loadConfigAside(agentFlags(flags), env)).config;
  const config = await load();
  // Runs that were left to the next agent are still watched by this process: nothing else would end it.
  process.exit(await runDaemon(config, { signals: process, reloadConfig: load }).catch(reportError));
}
