import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";

const ENGINE = "/var/run/docker.sock";
const SAYS_SO = '{"message":"the test says so"}';

/** What becomes of one request to the engine. `lost` and `failed`: it is done, and the answer does not come, or says 500; `denied`: 500, and nothing is done; `silent` and `mute`: no answer, and the connection stays open; nothing is done, or it is; `empty`: 200 and nothing else. */
export type EngineFault = "refused" | "denied" | "failed" | "lost" | "silent" | "mute" | "empty";

/** The Docker engine at a socket of its own, with faults that the test chooses request by request. */
export class EngineProxy implements AsyncDisposable {
  /** Method and address of everything that was asked. */
  readonly asked: string[] = [];
  /** Undefined: as it is. */
  fault: (asked: string) => EngineFault | undefined = () => undefined;
  readonly #server: Server = createServer((incoming, outgoing) => this.#serve(incoming, outgoing));
  readonly #sockets = new Set<Socket>();

  static async at(path: string): Promise<EngineProxy> {
    const proxy = new EngineProxy();
    proxy.#server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => upgrade(incoming, socket, head));
    proxy.#server.on("connection", (socket: Socket) => {
      proxy.#sockets.add(socket);
      socket.once("close", () => proxy.#sockets.delete(socket));
    });
    proxy.#server.listen(path);
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** As an engine that goes away. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const asked = `${incoming.method} ${incoming.url}`;
    this.asked.push(asked);
    const fault = this.fault(asked);
    if (fault === "refused") return void incoming.socket.destroy();
    if (fault === "silent") return void incoming.resume();
    if (fault === "empty") return void outgoing.writeHead(200).end();
    if (fault === "denied") return void outgoing.writeHead(500).end(SAYS_SO);
    const { method, url, headers } = incoming;
    const onward = request({ socketPath: ENGINE, method, path: url, headers, agent: false }, (answer) => {
      if (fault === "mute") return void answer.resume();
      if (fault === "lost") return void incoming.socket.destroy();
      if (fault === "failed") return void outgoing.writeHead(500).end(SAYS_SO);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}

/** BuildKit's session: the bytes as they are. */
function upgrade({ method, url, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer): void {
  const onward = connect(ENGINE);
  const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
  onward.write(`${method} ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  onward.write(head);
  socket.pipe(onward).pipe(socket);
  for (const [one, other] of [
    [socket, onward],
    [onward, socket],
  ] as const)
    one.on("error", () => other.destroy());
}
