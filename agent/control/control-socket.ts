import { once } from "node:events";
import { chmod, rename, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { AgentControl } from "../control.ts";
import { FewConnections } from "./few-connections.ts";
import { SOCKET_NAME, socketAddress } from "./socket-address.ts";

/**
 * HTTP on `STATE/agent.sock`, for the agent's user only. Whoever calls this holds the lock of the state folder, so a
 * socket that is there belongs to a dead agent and is replaced. An agent without its socket works all the same: what
 * prevents it is one warning.
 */
export async function openControlSocket(stateFolder: string, agent: AgentControl, logger: Logger): Promise<AsyncDisposable> {
  const connections = new FewConnections();
  const server = createServer({ pauseOnConnect: true }, lazyHttp(agent, connections, logger));
  try {
    return await listen(server, connections, stateFolder);
  } catch (error) {
    server.close();
    logger.warn({ err: error, why: messageOf(error) }, "no local socket: windlass status, drain, pause and why cannot reach this agent");
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
}

/** The HTTP server is made when somebody asks for the first time: an idle agent stays small. */
function lazyHttp(agent: AgentControl, connections: FewConnections, logger: Logger): (socket: Socket) => void {
  const make = async () => {
    const [{ createWindow }, { controlRequests }] = await Promise.all([import("./http-window.ts"), import("./requests.ts")]);
    return createWindow(controlRequests(agent), logger);
  };
  let http: ReturnType<typeof make> | undefined;
  return (socket) => {
    connections.take(socket);
    http ??= make();
    http.then(
      (server) => {
        server.emit("connection", socket);
        socket.resume();
      },
      (error: unknown) => socket.destroy(error as Error),
    );
  };
}

/** It gets its well-known name only once nobody else may open it. */
async function listen(server: Server, connections: FewConnections, stateFolder: string): Promise<AsyncDisposable> {
  const name = `${SOCKET_NAME}.new`;
  const [path, made] = [join(stateFolder, SOCKET_NAME), join(stateFolder, name)];
  await rm(made, { force: true });
  const address = await socketAddress(stateFolder, name);
  try {
    const listening = once(server, "listening");
    server.listen(address.path);
    await listening;
    await chmod(made, 0o600);
    await rename(made, path);
  } catch (error) {
    await address[Symbol.asyncDispose]();
    throw error;
  }
  server.unref();
  return { [Symbol.asyncDispose]: () => close(server, connections, path, address) };
}

async function close(server: Server, connections: FewConnections, path: string, address: AsyncDisposable): Promise<void> {
  await rm(path, { force: true });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.end();
  await closed;
  await address[Symbol.asyncDispose]();
}
