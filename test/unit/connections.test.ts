import { writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { Connections, type Exchange } from "../../api/connections.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/certificate.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

const GET: Exchange = { method: "GET", timeoutMs: 5_000 };

/** A server on loopback until the scope ends; `sockets` are the connections that it was asked through. */
class Listening {
  readonly sockets = new Set<unknown>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request) => this.sockets.add(request.socket));
  }

  static async start(server: Server): Promise<Listening> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Listening(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const listening = (listener: RequestListener): Promise<Listening> => Listening.start(createServer(listener));

describe("connections to a server", () => {
  it("send a body, bring back status, headers and text, and are kept for the next request", async () => {
    await using server = await listening((request, reply) => {
      reply.writeHead(418, { "retry-after": "7" });
      request.pipe(reply);
    });
    const connections = new Connections();
    const post = (body: string) => connections.exchange(`http://127.0.0.1:${server.port}/x`, { ...GET, method: "POST", body });
    const answers = [await post("größer"), await post("second")];
    expect(answers.map(({ status, text }) => [status, text])).to.deep.equal([
      [418, "größer"],
      [418, "second"],
    ]);
    expect(answers[0]?.headers).to.include({ "retry-after": "7" });
    expect(server.sockets.size).to.equal(1);
  });

  it("never take half an answer for a whole one: silence or a cut in the middle of the body is an error", async () => {
    await using silent = await listening((_request, reply) => void reply.writeHead(200, { "content-length": "9" }).write("half"));
    await using cutting = await listening((_request, reply) => {
      reply.writeHead(200, { "content-length": "9" }).write("half");
      setTimeout(() => reply.destroy(), 20);
    });
    const connections = new Connections();
    const [silence, cut] = [silent, cutting].map((server) =>
      failureOf(connections.exchange(`http://127.0.0.1:${server.port}`, { ...GET, timeoutMs: 100 })),
    );
    expect(await silence).to.be.an("error");
    expect(await cut).to.be.an("error");
  });

  it("are not held for ever by a server that sends a byte now and then", async () => {
    await using dripping = await listening((_request, reply) => {
      const drops = setInterval(() => reply.write("."), 20);
      reply.once("close", () => clearInterval(drops));
    });
    const error = await failureOf(new Connections().exchange(`http://127.0.0.1:${dripping.port}/`, { ...GET, timeoutMs: 100 }));
    expect(error.message).to.equal("not done in 1 s");
  });

  it("end with their signal, before the answer and in the middle of it", async () => {
    await using mute = await listening(() => undefined);
    await using half = await listening((_request, reply) => void reply.writeHead(200, { "content-length": "9" }).write("half"));
    for (const server of [mute, half]) {
      const stop = new AbortController();
      const failed = failureOf(new Connections().exchange(`http://127.0.0.1:${server.port}`, { ...GET, signal: stop.signal }));
      setTimeout(() => stop.abort(), 50);
      expect(await failed).to.be.an("error");
    }
  });

  it("trust an own authority only when its file is given", async () => {
    const tls = createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_request, reply) => void reply.end("safe"));
    await using server = await Listening.start(tls);
    const caBundle = join(await temporaryFolder(), "ca.pem");
    await writeFile(caBundle, TEST_CERTIFICATE);
    const url = `https://localhost:${server.port}/`;
    expect((await failureOf<Error>(new Connections().exchange(url, GET))).message).to.match(/self-signed certificate/);
    expect((await new Connections({ caBundle }).exchange(url, GET)).text).to.equal("safe");
  });

  it("go through the proxy of the environment, except to this machine", async () => {
    await using proxy = await listening((request, reply) => void reply.end(`by proxy: ${request.url}`));
    await using server = await listening((_request, reply) => void reply.end("direct"));
    const before = process.env["HTTP_PROXY"];
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${proxy.port}`;
    try {
      const connections = new Connections();
      const far = await connections.exchange("http://clearml.invalid:8008/debug.ping", GET);
      expect(far.text).to.equal("by proxy: http://clearml.invalid:8008/debug.ping");
      expect((await connections.exchange(`http://127.0.0.1:${server.port}/`, GET)).text).to.equal("direct");
    } finally {
      if (before === undefined) delete process.env["HTTP_PROXY"];
      else process.env["HTTP_PROXY"] = before;
    }
  });
});
