import { once } from "node:events";
import { chmod, rename, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { AgentControl } from "../control.ts";
import { SOCKET_NAME, socketAddress } from "./socket-address.ts";

/**
 * A person asks now and then, and is answered at once: more at a time, or for longer, is a mistake. The oldest one makes
 * room, so that a person's own question is answered all the same.
 */
const MAX_CONNECTIONS = 64;
const CONNECTION_MS = 10_000;

/**
 * HTTP on `STATE/agent.sock`, for the agent's user only. Whoever calls this holds the lock of the state folder, so a
 * socket that is there belongs to a dead agent and is replaced. An agent without its socket works all the same: what
 * prevents it is one warning.
 */
export async function openControlSocket(stateFolder: string, agent: AgentControl, logger: Logger): Promise<AsyncDisposable> {
  const connections = new Set<Socket>();
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
function lazyHttp(agent: AgentControl, connections: Set<Socket>, logger: Logger): (socket: Socket) => void {
  const make = async () => {
    const [{ createWindow }, { controlRequests }] = await Promise.all([import("./http-window.ts"), import("./requests.ts")]);
    return createWindow(controlRequests(agent), logger);
  };
  let http: ReturnType<typeof make> | undefined;
  return (socket) => {
    if (connections.size >= MAX_CONNECTIONS) connections.values().next().value?.destroy();
    connections.add(socket);
    const limit = setTimeout(() => socket.destroy(), CONNECTION_MS).unref();
    socket
      .on("error", () => undefined)
      .on("close", () => {
        clearTimeout(limit);
        connections.delete(socket);
      });
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
async function listen(server: Server, connections: ReadonlySet<Socket>, stateFolder: string): Promise<AsyncDisposable> {
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

async function close(server: Server, connections: ReadonlySet<Socket>, path: string, address: AsyncDisposable): Promise<void> {
  await rm(path, { force: true });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const connection of connections) connection.destroy();
  await closed;
  await address[Symbol.asyncDispose]();
}
