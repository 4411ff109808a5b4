import type { Command } from "commander";
import type { LoadedConfig } from "../agent/config.ts";
import { DAEMON_FLAGS, optionName } from "../agent/daemon-flags.ts";
import { WindlassError } from "../base/errors.ts";
import { type AgentFlagsGiven, agentFlags } from "./agent-flags.ts";
import { daemonOption, port, slots } from "./flag-values.ts";
import { loadConfigAside } from "./load-config-aside.ts";

export type DaemonFlagsGiven = AgentFlagsGiven & { readonly configFile?: string } & Record<string, unknown>;

/** The options of `windlass daemon`, also for what starts one later. */
export function describeDaemon(daemon: Command): Command {
  daemon
    .option("--slots <N>", "tasks at a time", slots)
    .option("--config <FILE>", "agent.config.yaml")
    .option("--config-file <FILE>", "clearml.conf, as clearml-agent names it")
    .option("--state <DIR>", "state folder: mirrors, environments, runs")
    .option("--metrics-port <PORT>", "serve /healthz, /readyz and /metrics on 127.0.0.1:PORT", port)
    .option("--refresh", "build environments again");
  for (const flag of DAEMON_FLAGS) daemon.addOption(daemonOption(flag));
  return daemon;
}

/** The agent's configuration as these flags make it, or the sentence that says why not. */
export async function daemonConfig(flags: DaemonFlagsGiven, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const refused = DAEMON_FLAGS.find((flag) => flag.refused !== undefined && flags[optionName(flag)] !== undefined);
  if (refused !== undefined)
    throw new WindlassError(`${refused.flags.split(" ")[0]} is not supported`, {
      code: "unsupported-flag",
      hint: `Instead: ${refused.refused}.`,
    });
  return await loadConfigAside(agentFlags(flags), flags.configFile === undefined ? env : { ...env, CLEARML_CONFIG_FILE: flags.configFile });
}
