import type { Logger } from "../base/logger.ts";
import { version } from "../base/version.ts";
import type { Config } from "./config.ts";
import { openControlSocket } from "./control/control-socket.ts";
import type { AgentControl } from "./control.ts";

/** The agent's windows to the outside: its local socket, and the health and metrics port where one is configured. */
export async function openOutside(agent: AgentControl, config: Config, logger: Logger): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  stack.use(await openControlSocket(config.stateFolder, agent, logger));
  if (config.metrics !== undefined) {
    const { openHealthPort } = await import("./health/health-port.ts");
    stack.use(await openHealthPort(agent, { ...config.metrics, version: version(), logger }));
  }
  return stack.move();
}
