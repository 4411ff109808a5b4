import { readFileSync } from "node:fs";
import type { Agent, IncomingMessage, RequestOptions } from "node:http";

export interface Exchange {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** How long the connection may be silent: before the head of the answer, and between two pieces of its body; ms. All of it may take ten times as long. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The exchange does not keep the process alive. */
  readonly background?: boolean | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<IncomingMessage["headers"]>;
  readonly text: string;
}

/** A whole exchange may take so many times as long as a silence. */
const WHOLE = 10;
/** More than any answer that is one; a server that never stops must not fill our memory. */
const MAX_ANSWER = 256 * 1024 * 1024;

/** An idle connection is closed after so long, before a server or something in between closes it under a new request. */
const IDLE_MS = 4_000;

/**
 * Node's own HTTP client with kept connections, through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name (on a Node
 * that knows them: 22.21, 24.5), never to this machine itself through one. It is reached by `getBuiltinModule` because an
 * `import` of node:http touches each of its exports and so loads fetch and web sockets: ten MiB in an idle agent. Node's own
 * parser needs no WebAssembly, unlike undici's: another ten.
 */
export class Connections {
  readonly #caBundle: string | undefined;
  readonly #agents = new Map<string, Agent>();

  /** `caBundle` is a PEM file of authorities that are trusted besides those of Node; it is read at the first request by https. */
  constructor({ caBundle }: { caBundle?: string | undefined } = {}) {
    this.#caBundle = caBundle;
  }

  /** Sends one request and reads its answer to the end. Throws what the network throws, `signal`'s reason, or a timeout. */
  async exchange(url: string, { method, headers, body, timeoutMs, signal, background }: Exchange): Promise<Answer> {
    const target = new URL(url);
    const options: RequestOptions = { method, timeout: timeoutMs, agent: this.#agentFor(target), ...(headers && { headers }) };
    const request = moduleOf(target).request(target, signal === undefined ? options : { ...options, signal });
    if (background === true) request.once("socket", (socket) => void socket.unref());
    let answer: IncomingMessage | undefined;
    const breakOff = (why: string): void => void (answer ?? request).destroy(new Error(why));
    request.once("timeout", () => breakOff(`no answer in ${timeoutMs / 1000} s`));
    // A server that sends a byte now and then is not silent, and yet never done.
    const whole = setTimeout(() => breakOff(`not done in ${(timeoutMs * WHOLE) / 1000} s`), timeoutMs * WHOLE);
    whole.unref();
    request.once("close", () => clearTimeout(whole));
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve).on("error", reject);
    });
    request.end(body);
    answer = await answered;
    return { status: answer.statusCode ?? 0, headers: answer.headers, text: await textOf(answer) };
  }

  #agentFor(target: URL): Agent {
    const proxied = !isThisMachine(target.hostname);
    const key = `${target.protocol} ${proxied}`;
    const agent = this.#agents.get(key) ?? this.#newAgent(target, proxied);
    this.#agents.set(key, agent);
    return agent;
  }

  #newAgent(target: URL, proxied: boolean): Agent {
    const options = { keepAlive: true, timeout: IDLE_MS, ...(proxied ? { proxyEnv: process.env } : {}) };
    if (target.protocol === "http:") return new (process.getBuiltinModule("node:http").Agent)(options);
    return new (process.getBuiltinModule("node:https").Agent)({ ...options, ...this.#authorities() });
  }

  #authorities(): { ca?: string[] } {
    if (this.#caBundle === undefined) return {};
    return { ca: [...process.getBuiltinModule("node:tls").getCACertificates("default"), readFileSync(this.#caBundle, "utf8")] };
  }
}

const moduleOf = (target: URL): Pick<typeof import("node:http"), "request"> =>
  process.getBuiltinModule(target.protocol === "http:" ? "node:http" : "node:https");

const isThisMachine = (host: string): boolean => host === "localhost" || host === "[::1]" || host.startsWith("127.");

async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding("utf8");
  let text = "";
  for await (const piece of answer) {
    text += piece;
    if (text.length > MAX_ANSWER) throw new Error(`an answer of more than ${MAX_ANSWER} characters`);
  }
  return text;
}
