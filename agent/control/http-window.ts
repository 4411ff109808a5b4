import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";

/** A small window in the agent: short questions without a body, answered from memory. */
export interface Question {
  readonly method: string;
  /** Without its query, decoded. */
  readonly path: string;
}

export interface Answer {
  readonly status: number;
  /** An object is sent as JSON. */
  readonly body: object | string;
  readonly contentType?: string;
}

export type Answering = (question: Question) => Answer | Promise<Answer>;

/**
 * The server, not listening yet; whatever goes wrong with a question is the answer to it, never the agent's end. How many may
 * ask, and for how long, is for `FewConnections` of whoever listens.
 */
export function createWindow(answering: Answering, logger: Logger): Server {
  // An `import` of node:http would load fetch and web sockets, too (see api/connections.ts).
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer({ maxHeaderSize: 8192 }, (request, response) => void answerOne(request, response, answering, logger));
  return server.on("error", (error) => logger.debug({ err: error }, "the agent's window failed"));
}

async function answerOne(request: IncomingMessage, response: ServerResponse, answering: Answering, logger: Logger): Promise<void> {
  request.resume();
  send(request, response, await answerTo(request, answering, logger));
}

async function answerTo(request: IncomingMessage, answering: Answering, logger: Logger): Promise<Answer> {
  const path = pathOf(request.url ?? "/");
  if (path === undefined) return refusal(400, "the path cannot be read");
  if (Number(request.headers["content-length"] ?? 0) > 0 || request.headers["transfer-encoding"] !== undefined)
    return refusal(400, "a request has no body here");
  try {
    return await answering({ method: request.method === "HEAD" ? "GET" : (request.method ?? "GET"), path });
  } catch (error) {
    logger.warn({ err: error, path }, "a question to the agent could not be answered");
    return refusal(500, `the agent could not answer: ${messageOf(error)}`);
  }
}

function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.replace(/[?#].*$/s, ""));
  } catch {
    return undefined;
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const isText = typeof answer.body === "string";
  const text = typeof answer.body === "string" ? answer.body : `${JSON.stringify(answer.body)}\n`;
  response.writeHead(answer.status, {
    "content-type": answer.contentType ?? (isText ? "text/plain; charset=utf-8" : "application/json"),
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

/** An error as JSON: one sentence. */
export const refusal = (status: number, error: string): Answer => ({ status, body: { error } });
