import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A call as it came in. */
export interface Call {
  readonly endpoint: string;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** `data` in the envelope, another envelope, anything at all, or nothing: a broken connection, or silence. */
export type Reply =
  | { readonly data: unknown }
  | { readonly code: number; readonly subcode?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly page: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang up"
  | "silence";

export type Answer = (call: Call) => Reply | Promise<Reply>;

/** A real HTTP server on loopback that speaks ClearML's envelope and answers what the test wants. */
export class ApiServer implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #answer: Answer;
  #url = "";

  private constructor(answer: Answer) {
    this.#answer = answer;
  }

  static async start(answer: Answer): Promise<ApiServer> {
    const server = new ApiServer(answer);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    server.#url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  get url(): string {
    return this.#url;
  }

  /** The endpoints that were called, in order, without logins. */
  get endpoints(): string[] {
    return this.calls.map((call) => call.endpoint).filter((endpoint) => endpoint !== "auth.login");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = (await Array.fromAsync(request as AsyncIterable<Buffer>)).join("");
    const body = request.headers["content-type"] === "application/json" ? (JSON.parse(text) as Record<string, unknown>) : {};
    const call = { endpoint: (request.url ?? "").slice(1), headers: request.headers, text, body };
    this.calls.push(call);
    write(response, await this.#answer(call));
  }
}

function write(response: ServerResponse, reply: Reply): void {
  if (reply === "silence") return;
  if (reply === "hang up") {
    response.destroy();
  } else if ("data" in reply) {
    response.end(JSON.stringify({ meta: { result_code: 200, result_subcode: 0, result_msg: "OK" }, data: reply.data }));
  } else if ("page" in reply) {
    response.writeHead(reply.status, reply.headers).end(reply.page);
  } else {
    const meta = { result_code: reply.code, result_subcode: reply.subcode ?? 0, result_msg: `refused with ${reply.subcode ?? 0}` };
    response.writeHead(reply.code, reply.headers).end(JSON.stringify({ meta, data: {} }));
  }
}

/** A token as the server makes them: its claims can be read by anybody. */
export function tokenFor(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.signature`;
}
