import { createRequire } from "node:module";
import type { Dispatcher } from "undici";

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** For the head of the answer, and between two pieces of its body. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Own connections, e.g. through a proxy or with an own authority. */
  readonly dispatcher: Dispatcher | undefined;
}

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter: string | string[] | undefined;
  readonly text: string;
}

type Request = (this: Dispatcher, options: object) => Promise<Dispatcher.ResponseData>;

/**
 * undici's `request` and its pool of connections alone, without the rest of the package (fetch, web sockets, caches, mocks),
 * which would lie in the memory of an idle agent: twelve MiB.
 */
const load = createRequire(import.meta.url);
const request = load("undici/lib/api/api-request.js") as Request;
const Agent = load("undici/lib/dispatcher/agent.js") as new () => Dispatcher;
const connections = new Agent();

/** Sends one request and reads its answer to the end. */
export async function post(url: string, { headers, body, timeoutMs, signal, dispatcher }: PostOptions): Promise<PostAnswer> {
  const { origin, pathname, search } = new URL(url);
  const times = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
  const options = { origin, path: `${pathname}${search}`, method: "POST", headers, body, signal: signal ?? null, ...times };
  const answer = await request.call(dispatcher ?? connections, options);
  return { status: answer.statusCode, retryAfter: answer.headers["retry-after"], text: await answer.body.text() };
}
