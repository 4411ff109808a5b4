import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { ApiFault } from "./api-fault.ts";
import { ANYBODY, type Authentication } from "./auth/authentication.ts";
import { allowOrigins } from "./cross-origin.ts";
import type { Body, Caller } from "./endpoint.ts";
import { faultEnvelope, type RequestedEndpoint, successEnvelope } from "./envelope.ts";
import { closeForForkingClient } from "./forking-clients.ts";
import { clearmlHeader, header } from "./headers.ts";
import type { HttpServers } from "./http-server.ts";
import { bodyLimitOf, readBody } from "./request-body.ts";
import { parsePath, queryFields } from "./request-path.ts";
import { servedVersion } from "./served.ts";
import { SIGN_IN } from "./sign-in.ts";
import type { Store, StoreAnswer, StoreCall } from "./store/store.ts";
import { API_VERSION, versionNumber } from "./version.ts";
import { type WaitingCalls, waitOf } from "./waiting-calls.ts";

/**
 * The API over HTTP: every method and path alike, bodies also with GET, the envelope around every answer (clearml-api.md 1).
 * In the order of the official server: endpoint, who calls, and only then query and body.
 */
export interface ApiParts {
  readonly servers: HttpServers;
  readonly store: Store;
  readonly auth: Authentication;
  readonly waiting: WaitingCalls;
  readonly logger: Logger;
  /** Ends waiting calls when the server stops. */
  readonly stopping: AbortSignal;
}

declare module "fastify" {
  interface FastifyRequest {
    /** What the head of the request says. */
    admitted: Admitted | undefined;
  }
}

interface Admitted {
  readonly endpoint: RequestedEndpoint;
  readonly caller: Caller;
}

const UNKNOWN: RequestedEndpoint = { name: "", version: API_VERSION, actual: undefined, trx: undefined };

export function createApiServer(parts: ApiParts): FastifyInstance {
  const app = Fastify({
    forceCloseConnections: true,
    serverFactory: (handler) => parts.servers.make(handler),
    // Also what the router refuses comes in the envelope: JSON without `meta` makes the official SDK repeat for ever.
    frameworkErrors: (error, _request, reply) => answerFault(reply, UNKNOWN, faultOf(error, parts.logger)),
  });
  for (const method of ["GET", "HEAD", "DELETE"]) app.addHttpMethod(method, { hasBody: true, overrideExisting: true });
  app.decorateRequest("admitted", undefined);
  app.addHook("onRequest", async (request, reply) => await admit(parts, request, reply));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", async (request: FastifyRequest) => await bodyOf(request));
  app.setErrorHandler((error, request, reply) => answerFault(reply, request.admitted?.endpoint ?? UNKNOWN, faultOf(error, parts.logger)));
  app.setNotFoundHandler((request, reply) => handle(parts, request, reply));
  app.all("/*", (request, reply) => handle(parts, request, reply));
  return app;
}

/** Before a byte of the body is read: who does not say who he is gets no memory of ours. */
async function admit(parts: ApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  reply.header("server", "clearml");
  closeForForkingClient(request, reply);
  allowOrigins(request, reply);
  if (request.method === "OPTIONS") return reply.code(200).send();
  if (request.headers["content-encoding"] !== undefined)
    return reply.code(415).type("text/plain").send("Content-Encoding is not supported");
  let endpoint: RequestedEndpoint = { ...UNKNOWN, trx: clearmlHeader(request.headers, "trx") };
  try {
    const { endpoint: name, version } = parsePath(splitUrl(request.url)[0]);
    endpoint = { ...endpoint, name, version };
    endpoint = { ...endpoint, actual: servedVersion(name, versionNumber(version)) };
    request.admitted = { endpoint, caller: await parts.auth.authorize(name, request.headers, request.ip.replace(/^::ffff:/, "")) };
    return undefined;
  } catch (error) {
    return answerFault(reply, endpoint, faultOf(error, parts.logger));
  }
}

async function bodyOf(request: FastifyRequest): Promise<Buffer> {
  const { endpoint, caller } = request.admitted ?? { endpoint: UNKNOWN, caller: ANYBODY };
  const announced = Number(request.headers["content-length"] ?? 0);
  return await readBody(request.raw, announced, bodyLimitOf(endpoint.name, caller !== ANYBODY));
}

async function handle(parts: ApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { endpoint, caller } = request.admitted ?? { endpoint: UNKNOWN, caller: ANYBODY };
  try {
    const extra = { ...queryFields(splitUrl(request.url)[1]), ...formFields(request) };
    const signIn = SIGN_IN.get(endpoint.name);
    if (signIn !== undefined) return answerJson(reply, endpoint, JSON.stringify(await signIn({ ...parts, caller }, request, reply, extra)));
    const call = storeCall(request, endpoint, caller, extra);
    const answer = await ask(parts, call, reply);
    if (answer.raw === undefined) return answerJson(reply, endpoint, answer.json);
    return reply
      .code(200)
      .headers(answer.raw.headers)
      .send(Readable.from(piecesOf(parts.store, call, answer)));
  } catch (error) {
    return answerFault(reply, endpoint, faultOf(error, parts.logger));
  }
}

async function ask(parts: ApiParts, call: StoreCall, reply: FastifyReply): Promise<StoreAnswer> {
  const wait = waitOf(call);
  if (wait === undefined) return await parts.store.call(call);
  return await parts.waiting.answer(call, wait, AbortSignal.any([parts.stopping, closedSignal(reply)]));
}

/** A raw answer as the reader takes it: the next piece is asked for when the last one is gone. */
async function* piecesOf(store: Store, call: StoreCall, first: StoreAnswer): AsyncGenerator<string> {
  let answer = first;
  for (;;) {
    yield answer.json;
    const next = answer.raw?.next;
    if (next === undefined) return;
    answer = await store.call({ ...call, bytes: undefined, lines: false, extra: next });
  }
}

function storeCall(request: FastifyRequest, { name, version }: RequestedEndpoint, caller: Caller, extra: Body): StoreCall {
  const bytes = request.body instanceof Uint8Array && !isForm(request) ? request.body : undefined;
  const worker = clearmlHeader(request.headers, "worker") ?? "<unknown>";
  return { endpoint: name, caller, worker, ip: addressOf(request), version: versionNumber(version), bytes, lines: isLines(request), extra };
}

/** Who asks, as the proxy in front says it (clearml-api.md 1.3). */
function addressOf(request: FastifyRequest): string {
  const [first = ""] = (header(request.headers, "x-real-ip") ?? header(request.headers, "x-forwarded-for") ?? request.ip).split(",");
  return first.trim().replace(/^::ffff:/, "");
}

/** With or without parameters: the official server wants the bare type, and a proxy may add `charset`. */
const isLines = (request: FastifyRequest): boolean => typeOf(request) === "application/json-lines";

/** A body of form fields; curl gives this type to JSON bodies too. */
function isForm(request: FastifyRequest): boolean {
  if (typeOf(request) !== "application/x-www-form-urlencoded" || !(request.body instanceof Uint8Array)) return false;
  return !/^\s*[{[]/.test(Buffer.from(request.body.subarray(0, 64)).toString("latin1"));
}

const formFields = (request: FastifyRequest): Body =>
  isForm(request) ? queryFields(Buffer.from(request.body as Uint8Array).toString()) : {};

const typeOf = (request: FastifyRequest): string => (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";

function faultOf(error: unknown, logger: Logger): ApiFault {
  if (error instanceof ApiFault) return error;
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status < 500) return new ApiFault(400, 12, messageOf(error));
  logger.error({ err: error }, "a call failed");
  return new ApiFault(500, 0, `General server error (${messageOf(error)})`);
}

function answerJson(reply: FastifyReply, endpoint: RequestedEndpoint, json: string): FastifyReply {
  return reply.code(200).type("application/json").send(successEnvelope(endpoint, json));
}

function answerFault(reply: FastifyReply, endpoint: RequestedEndpoint, fault: ApiFault): FastifyReply {
  return reply.code(fault.code).type("application/json").send(faultEnvelope(endpoint, fault));
}

/** Aborted when the client goes away, so that nobody waits for nobody. */
function closedSignal(reply: FastifyReply): AbortSignal {
  if (reply.raw.destroyed) return AbortSignal.abort();
  const controller = new AbortController();
  reply.raw.once("close", () => controller.abort());
  return controller.signal;
}

function splitUrl(url: string): [string, string] {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
}
