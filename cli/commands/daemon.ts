import { runDaemon } from "../../agent/main.ts";
import { type DaemonFlagsGiven, daemonConfig } from "../daemon-options.ts";

export async function daemonCommand(flags: DaemonFlagsGiven): Promise<number> {
  const { config } = await daemonConfig(flags, process.env);
  return await runDaemon(config, { signals: process });
}
