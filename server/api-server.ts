import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { ApiFault } from "./api-fault.ts";
import type { Authentication } from "./auth/authentication.ts";
import { DEFAULT_EXPIRATION_SEC, MAX_EXPIRATION_SEC } from "./auth/tokens.ts";
import type { Caller } from "./endpoint.ts";
import { faultEnvelope, type RequestedEndpoint, successEnvelope } from "./envelope.ts";
import { parsePath, queryFields, versionNumber } from "./request-path.ts";
import type { Store, StoreCall } from "./store/store.ts";
import { API_VERSION } from "./version.ts";
import { type WaitingCalls, waitOf } from "./waiting-calls.ts";

/** The API over HTTP: every method and path alike, bodies also with GET, the envelope around every answer (clearml-api.md 1). */
const MAX_BODY_BYTES = 512 * 2 ** 20;

export interface ApiParts {
  readonly store: Store;
  readonly auth: Authentication;
  readonly waiting: WaitingCalls;
  readonly logger: Logger;
  /** Ends waiting calls when the server stops. */
  readonly stopping: AbortSignal;
}

export function createApiServer(parts: ApiParts): FastifyInstance {
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true, keepAliveTimeout: 75_000, requestTimeout: 0 });
  for (const method of ["GET", "HEAD", "DELETE"]) app.addHttpMethod(method, { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => answerFault(reply, unknownEndpoint(), faultOf(error, parts.logger)));
  app.setNotFoundHandler((request, reply) => handle(parts, request, reply));
  app.all("/*", (request, reply) => handle(parts, request, reply));
  return app;
}

const unknownEndpoint = (): RequestedEndpoint => ({ name: "", version: API_VERSION, trx: undefined });

async function handle(parts: ApiParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  setHeaders(request, reply);
  if (request.method === "OPTIONS") return reply.code(200).send();
  if (request.headers["content-encoding"] !== undefined)
    return reply.code(415).type("text/plain").send("Content-Encoding is not supported");
  let endpoint = unknownEndpoint();
  try {
    const [path = "", search = ""] = splitUrl(request.url);
    const parsed = parsePath(path);
    endpoint = { name: parsed.endpoint, version: parsed.version, trx: header(request, "x-clearml-trx") };
    const json = await dispatch(parts, request, reply, parsed.endpoint, versionNumber(parsed.version), queryFields(search));
    return reply.code(200).type("application/json").send(successEnvelope(endpoint, json));
  } catch (error) {
    return answerFault(reply, endpoint, faultOf(error, parts.logger));
  }
}

async function dispatch(
  parts: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: string,
  version: number,
  extra: Record<string, unknown>,
): Promise<string> {
  if (endpoint === "auth.login") return await logIn(parts, request, reply, extra);
  if (endpoint === "auth.logout" || endpoint === "login.logout") return await logOut(parts, request, reply);
  if (endpoint === "auth.validate_token") return validateToken(parts, request);
  const caller = parts.auth.authorize(endpoint, request.headers as never);
  const call = storeCall(request, endpoint, version, caller, extra);
  const wait = waitOf(call);
  if (wait === undefined) return (await parts.store.call(call)).json;
  return (await parts.waiting.answer(call, wait, AbortSignal.any([parts.stopping, closedSignal(reply)]))).json;
}

function storeCall(request: FastifyRequest, endpoint: string, version: number, caller: Caller, extra: Record<string, unknown>): StoreCall {
  const bytes = request.body instanceof Uint8Array ? request.body : undefined;
  const lines = request.headers["content-type"] === "application/json-lines";
  const worker = header(request, "x-clearml-worker") ?? header(request, "x-trains-worker") ?? "<unknown>";
  return { endpoint, caller, worker, version, bytes, lines, extra };
}

/** The token goes into the reply and, for browsers, into a cookie. */
async function logIn(parts: ApiParts, request: FastifyRequest, reply: FastifyReply, extra: Record<string, unknown>): Promise<string> {
  const body = { ...objectOf(request.body), ...extra };
  const caller = await parts.auth.logIn(request.headers as never);
  const expirationSec = Number(body["expiration_sec"] ?? DEFAULT_EXPIRATION_SEC);
  if (!Number.isInteger(expirationSec) || expirationSec < 1 || expirationSec > MAX_EXPIRATION_SEC) {
    throw new ApiFault(400, 12, `Validation error (expiration_sec must be between 1 and ${MAX_EXPIRATION_SEC})`);
  }
  const token = parts.auth.tokens.issue(narrowed(caller, body), expirationSec);
  reply.header("set-cookie", `clearml_token_basic=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${expirationSec}`);
  return JSON.stringify({ token });
}

/** A token may ask to be less than its owner, never more: a run's token renews itself as a run's token. */
function narrowed(caller: Caller, body: Record<string, unknown>): Caller {
  if (caller.scope === "run" || body["windlass_scope"] !== "run") return caller;
  return { ...caller, scope: "run", onlyTask: typeof body["windlass_task"] === "string" ? body["windlass_task"] : undefined };
}

async function logOut(parts: ApiParts, request: FastifyRequest, reply: FastifyReply): Promise<string> {
  const { sessionId, expiresSec } = parts.auth.bearer(request.headers as never);
  await parts.store.internal("internal.revoke_token", { session: sessionId, expires: expiresSec });
  parts.auth.tokens.revoke(sessionId);
  reply.header("set-cookie", "clearml_token_basic=; Path=/; Max-Age=0");
  return "{}";
}

function validateToken(parts: ApiParts, request: FastifyRequest): string {
  parts.auth.bearer(request.headers as never);
  try {
    const { caller } = parts.auth.tokens.verify(String(objectOf(request.body)["token"] ?? ""));
    return JSON.stringify({ valid: true, user: caller.user, company: caller.company });
  } catch (error) {
    return JSON.stringify({ valid: false, msg: messageOf(error) });
  }
}

function objectOf(body: unknown): Record<string, unknown> {
  const text = body instanceof Uint8Array ? Buffer.from(body).toString().trim() : "";
  try {
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch {
    throw new ApiFault(400, 12, "Validation error (request body is not valid JSON)");
  }
}

function faultOf(error: unknown, logger: Logger): ApiFault {
  if (error instanceof ApiFault) return error;
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status < 500) return new ApiFault(400, 12, messageOf(error));
  logger.error({ err: error }, "a call failed");
  return new ApiFault(500, 0, `General server error (${messageOf(error)})`);
}

function answerFault(reply: FastifyReply, endpoint: RequestedEndpoint, fault: ApiFault): FastifyReply {
  return reply.code(fault.code).type("application/json").send(faultEnvelope(endpoint, fault));
}

function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("server", "clearml");
  const origin = header(request, "origin");
  if (origin === undefined) return;
  reply.header("access-control-allow-origin", origin).header("access-control-allow-credentials", "true");
  reply.header("access-control-allow-headers", header(request, "access-control-request-headers") ?? "*");
  reply.header("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS");
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Aborted when the client goes away, so that nobody waits for nobody. */
function closedSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => controller.abort());
  return controller.signal;
}

function splitUrl(url: string): [string, string] {
  const at = url.indexOf("?");
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
}
