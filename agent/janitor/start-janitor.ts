import { systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Client } from "../client.ts";
import type { Config } from "../config.ts";

/** The janitor beside the agent's own work, if the configuration wants it; it ends with the agent. */
export function startJanitor(config: Config, client: Client, logger: Logger, stack: AsyncDisposableStack): void {
  if (!config.janitor.enabled) return;
  const over = new AbortController();
  const deps = { client, server: config.server.api, stateFolder: config.stateFolder, clock: systemClock, signal: over.signal };
  const tidying = import("./janitor.ts").then(({ keepTidy }) => keepTidy(deps, config.janitor.everyMs, logger));
  stack.defer(async () => {
    over.abort(new Error("the agent ends"));
    await tidying;
  });
}
