import { once } from "node:events";
import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Fault, type FaultPlan, NO_FAULTS } from "./fault-plans.ts";

/** One request with what became of it, in the order in which the server answered: no more of it than a check reads. */
export interface Passed {
  readonly endpoint: string;
  /** The task that it is about. */
  readonly task: string | undefined;
  /** The server's own; undefined: it never saw the request or gave no answer. */
  readonly status: number | undefined;
  /** `code/subcode message`, when the server answered with an error. */
  readonly refusal: string | undefined;
  readonly fault: Fault["kind"] | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The server never sees these requests. */
const UNSEEN: ReadonlySet<Fault["kind"]> = new Set(["drop", "bad-gateway", "too-many", "answer"]);
const GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n";

/**
 * An HTTP proxy between agents and server that misbehaves as its plan says, and remembers what passed. It takes
 * each answer whole from the server before it decides what the client gets, so that a lost answer is one whose work is done.
 */
export class FaultProxy {
  /** May be changed at any time. */
  plan: FaultPlan = NO_FAULTS;
  /** Removes our own `windlass_*` fields from requests, so that the server behaves as ClearML's own. */
  plainClearml = false;
  readonly passed: Passed[] = [];
  readonly counts: Partial<Record<Fault["kind"], number>> = {};
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #connections = new Agent({ keepAlive: true });
  readonly #seen = new Map<string, number>();

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = createServer((incoming, outgoing) => {
      this.#handle(incoming, outgoing).catch(() => incoming.socket.destroy());
    });
  }

  static async start(upstream: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests to this endpoint have come. */
  seen(endpoint: string): number {
    return this.#seen.get(endpoint) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#connections.destroy();
    await once(this.#server, "close").catch(() => undefined);
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const endpoint = (incoming.url ?? "").replace(/^\/(v[\d.]+\/)?/, "").replace(/\?.*/, "");
    const nth = this.seen(endpoint) + 1;
    this.#seen.set(endpoint, nth);
    const fault = this.plan({ endpoint, body: body.toString(), nth });
    if (fault !== undefined) this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    const answer = await this.#answerUnder(fault, incoming, outgoing, body);
    this.passed.push({ endpoint, task: taskIn(body), status: answer?.status, refusal: refusalIn(answer), fault: fault?.kind });
    deliver(fault, answer, incoming, outgoing);
  }

  async #answerUnder(
    fault: Fault | undefined,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    body: Buffer,
  ): Promise<Answer | undefined> {
    if (fault !== undefined && UNSEEN.has(fault.kind)) return undefined;
    if (fault?.kind === "delay") await pause(fault.delayMs);
    return await this.#forward(incoming, outgoing, this.plainClearml ? withoutOwnFields(body) : body).catch(() => undefined);
  }

  /** The server's answer; a client that gives up a waiting call gives it up on the server, too. */
  async #forward(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Promise<Answer> {
    const headers = { ...incoming.headers, host: this.#upstream.host, "content-length": String(body.length) };
    const options = { method: incoming.method, path: incoming.url, headers, agent: this.#connections };
    const asked = request(this.#upstream, options);
    if (body.includes("windlass_wait_ms")) outgoing.once("close", () => asked.destroy());
    asked.end(body);
    const [reply] = (await once(asked, "response")) as [IncomingMessage];
    return { status: reply.statusCode ?? 0, headers: reply.headers, body: await bytesOf(reply) };
  }
}

function deliver(fault: Fault | undefined, answer: Answer | undefined, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (fault?.kind === "bad-gateway" || fault?.kind === "bad-gateway-after") sendPage(outgoing, 502);
  else if (fault?.kind === "too-many") sendPage(outgoing, 429, { "retry-after": String(fault.retryAfterSec) });
  else if (fault?.kind === "answer") outgoing.writeHead(fault.status, fault.headers).end(fault.body);
  else if (answer === undefined || fault?.kind === "drop" || fault?.kind === "swallow") incoming.socket.destroy();
  else if (fault?.kind === "cut") cutShort(answer, incoming, outgoing);
  else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
}

function sendPage(outgoing: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  outgoing.writeHead(status, { "content-type": "text/html", ...headers }).end(GATEWAY_PAGE);
}

/** The head and half of the body, then the connection is reset. */
function cutShort(answer: Answer, incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) });
  outgoing.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => incoming.socket.resetAndDestroy());
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function refusalIn(answer: Answer | undefined): string | undefined {
  if (answer === undefined || answer.status < 400) return undefined;
  const text = answer.body.toString();
  const [, subcode = "?", message = text.slice(0, 200)] = /"result_subcode":(\d+),.*?"result_msg":"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  return `${answer.status}/${subcode} ${message}`;
}

const taskIn = (body: Buffer): string | undefined => /"task":\s*"([0-9a-f]{32})"/.exec(body.subarray(0, 4_096).toString())?.[1];

function withoutOwnFields(body: Buffer): Buffer {
  if (!body.includes("windlass_")) return body;
  try {
    const fields = Object.entries(JSON.parse(body.toString()) as object);
    return Buffer.from(JSON.stringify(Object.fromEntries(fields.filter(([name]) => !name.startsWith("windlass_")))));
  } catch {
    // Lines of events are no single object; our own fields only stand in requests that are.
    return body;
  }
}
