import type { Logger } from "../base/logger.ts";
import type { Config } from "./config.ts";

/** What stays as it is until the agent is started anew, and how the operator knows it. */
const FIXED = {
  server: "server",
  stateFolder: "agent.state",
  name: "agent.name",
  workerId: "agent.worker_id",
  log: "log",
  janitor: "janitor",
  metrics: "agent.metrics_port",
} as const;

/** The new configuration with the fixed parts of the old one; each changed one of them is named. */
export function reloaded(before: Config, wanted: Config, logger: Logger): Config {
  const keys = Object.keys(FIXED) as (keyof typeof FIXED)[];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(wanted[key]));
  for (const key of changed) logger.warn(`${FIXED[key]} is changed at the next start of the agent only`);
  const kept = Object.fromEntries(keys.map((key) => [key, before[key]])) as Pick<Config, keyof typeof FIXED>;
  return Object.freeze({ ...wanted, ...kept });
}
