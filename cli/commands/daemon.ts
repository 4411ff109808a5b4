import type { Config } from "../../agent/config.ts";
import { runDaemon } from "../../agent/main.ts";
import { type DaemonFlagsGiven, daemonConfig } from "../daemon-options.ts";
import { warnAboutGpus } from "../gpu-warning.ts";
import { reportError } from "../report-error.ts";

export async function daemonCommand(flags: DaemonFlagsGiven): Promise<never> {
  const load = async (): Promise<Config> => (await daemonConfig(flags, process.env)).config;
  const config = await load();
  await warnAboutGpus(config);
  // Runs that were left to the next agent are still watched by this process: nothing else would end it.
  process.exit(await runDaemon(config, { signals: process, reloadConfig: load }).catch(reportError));
}
