import type { Logger } from "../base/logger.ts";
import { version } from "../base/version.ts";
import type { Config } from "./config.ts";
import { openControlSocket } from "./control/control-socket.ts";
import type { AgentControl } from "./control.ts";

/**
 * The agent's windows to the outside: its local socket, and the health and metrics port where one is configured. `drain`
 * is the first SIGTERM's, with its deadline.
 */
export async function openOutside(agent: AgentControl, drain: () => void, config: () => Config, logger: Logger): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const control: AgentControl = {
    snapshot: () => agent.snapshot(),
    drain,
    pause: () => agent.pause(),
    resume: () => agent.resume(),
    heldBack: (task) => agent.heldBack(task),
  };
  stack.use(await openControlSocket(config().stateFolder, control, logger));
  const { metrics } = config();
  if (metrics !== undefined) {
    const { openHealthPort } = await import("./health/health-port.ts");
    stack.use(await openHealthPort(control, { ...metrics, version: version(), heartbeatMs: () => config().heartbeatMs, logger }));
  }
  return stack.move();
}
