import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { livesInContainer } from "../runner/docker/own-container.ts";
import { RunError } from "../runner/run-error.ts";
import type { Config } from "./config.ts";
import type { Engines } from "./engines.ts";

/**
 * An agent that lives in a container and whose state folder containers beside it cannot see would fail every task: it fails at
 * its start instead. An engine that does not answer yet is no reason to end.
 */
export async function checkSharedState(config: Config, engines: Engines, logger: Logger): Promise<void> {
  if (config.engine !== "docker" || !(await livesInContainer())) return;
  try {
    await engines.get("docker");
  } catch (error) {
    if (!(error instanceof RunError) || !error.retryable) throw error;
    logger.warn({ why: messageOf(error) }, "the engine does not answer yet");
  }
}
