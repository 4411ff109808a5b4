import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import multipart from "@fastify/multipart";
import send from "@fastify/send";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { codeOf, messageOf } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import { type Authentication, hasToken } from "../auth/authentication.ts";
import { allowOrigins } from "../cross-origin.ts";
import { closeForForkingClient } from "../forking-clients.ts";
import type { HttpServers } from "../http-server.ts";
import { deleteMany } from "./delete-many.ts";
import { storedPath, unquoted } from "./stored-path.ts";

/**
 * The file server (clearml-api.md 8): artifacts, models and images. A multipart part's *field name* is the path; bodies
 * are streamed to disk, never held in memory, and appear under their name only when they are whole.
 */
export interface FilesOptions {
  readonly servers: HttpServers;
  readonly root: string;
  /** Where uploads grow until they are whole; on the same disk. */
  readonly partialFolder: string;
  readonly auth: Authentication;
  readonly logger: Logger;
}

const DELETE_MANY = "/delete_many";

export async function createFilesServer(options: FilesOptions): Promise<FastifyInstance> {
  const app = Fastify({
    forceCloseConnections: true,
    serverFactory: (handler) => options.servers.make(handler),
    bodyLimit: 2 ** 20,
  });
  await app.register(multipart, { limits: { fileSize: Number.MAX_SAFE_INTEGER, fieldNameSize: 8192, files: 10_000 } });
  app.addHook("onRequest", async (request, reply) => await admit(options, request, reply));
  app.setErrorHandler((error, request, reply) => answerError(options.logger, error, request, reply));
  app.get("/", (_request, reply) => reply.type("text/plain").send("OK"));
  app.post(DELETE_MANY, async (request, reply) => await deleteMany(options.root, request, reply));
  app.post("/*", async (request, reply) => await upload(options, request, reply));
  app.get("/*", async (request, reply) => await download(options.root, request, reply));
  app.delete("/*", async (request, reply) => await remove(options.root, request, reply));
  return app;
}

async function admit(options: FilesOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  closeForForkingClient(request, reply);
  reply.header("server", "clearml");
  allowOrigins(request, reply);
  if (request.method === "OPTIONS") return reply.code(200).send();
  if (request.headers["content-encoding"] !== undefined)
    return reply.code(415).type("text/plain").send("Content-Encoding is not supported");
  if (isHello(request) && !hasToken(request.headers)) return undefined;
  try {
    const { onlyTask } = options.auth.bearer(request.headers).caller;
    return onlyTask === undefined || isOfTask(request, onlyTask) ? undefined : reply.code(403).type("text/plain").send(NOT_ITS_OWN);
  } catch {
    return reply.code(401).type("text/plain").send("Unauthorized");
  }
}

const NOT_ITS_OWN = "Forbidden: this token is limited to its own task, whose id stands in the paths of its files";

/** What a limited token deletes lies below a folder of its task: `PROJECT/NAME.ID/…`, as the official SDK uploads it. */
function isOfTask(request: FastifyRequest, task: string): boolean {
  if (request.routeOptions.url === DELETE_MANY) return false;
  const folders = wirePathOf(request).split("/").slice(0, -1);
  return request.method !== "DELETE" || folders.some((name) => name.endsWith(`.${task}`));
}

/** Whether there is a server may be asked by anybody; a token that comes along must be good. */
const isHello = (request: FastifyRequest): boolean => /^\/(\?|$)/.test(request.url) && ["GET", "HEAD"].includes(request.method);

async function upload(options: FilesOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!request.isMultipart()) return reply.code(400).type("text/plain").send("expected multipart/form-data");
  const stored: string[] = [];
  for await (const part of request.parts()) {
    if (part.type !== "file") continue;
    const path = await storedPath(options.root, part.fieldname);
    if (path === undefined) {
      // Read to its end: a client that is still sending would not see the answer.
      await finished(part.file.resume());
      return notFound(reply);
    }
    await storeFile(part.file, path, join(options.partialFolder, newId()));
    stored.push(part.fieldname.replace(/^\/+/, ""));
  }
  return reply.send(stored);
}

async function storeFile(content: Readable, path: string, partial: string): Promise<void> {
  try {
    await pipeline(content, createWriteStream(partial, { mode: 0o600, flush: true }));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

/** What the disk says of a path that cannot be is an answer to the client, not a failure of ours. */
const IMPOSSIBLE: ReadonlyMap<string | undefined, string> = new Map([
  ["ENAMETOOLONG", "the name is too long"],
  ["ENOTDIR", "a part of the path is a file"],
  ["EEXIST", "a part of the path is a file"],
  ["EISDIR", "there is a folder of that name"],
  ["ENOTEMPTY", "there is a folder of that name"],
]);

function answerError(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const code = codeOf(error);
  const why = IMPOSSIBLE.get(code);
  if (why !== undefined) return reply.code(400).type("text/plain").send(`This path cannot be: ${why}`);
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status < 500) return reply.code(status).type("text/plain").send(messageOf(error));
  logger.error({ err: error, url: request.url }, "a file call failed");
  return reply
    .code(500)
    .type("text/plain")
    .send(code === "ENOSPC" ? "No space left on the server" : "The server could not do this");
}

const notFound = (reply: FastifyReply): FastifyReply => reply.code(404).type("text/plain").send("Not found");

/** Ranges, If-Modified-Since and HEAD are the library's; `.gz` goes out as bytes, not as an encoding. */
async function download(root: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = await storedPath(root, wirePathOf(request));
  if (path === undefined) return notFound(reply);
  const result = await send(request.raw, encodeURI(path.slice(root.length)).replace(/[?#]/g, encodeURIComponent), {
    root,
    dotfiles: "allow",
    index: false,
    maxAge: 300_000,
  });
  if (result.type === "error" && result.statusCode === 416) return reply.code(416).headers(result.headers).send();
  if (result.type !== "file") return notFound(reply);
  reply.code(result.statusCode).headers(result.headers);
  reply.header("x-content-type-options", "nosniff");
  if (isPage(result.headers)) reply.header("content-security-policy", "sandbox allow-scripts allow-popups");
  if (path.endsWith(".gz") || typeOf(result.headers) === undefined) reply.type("application/octet-stream");
  if ("download" in (request.query as object)) reply.header("content-disposition", attachment(basename(path)));
  return reply.send(result.stream);
}

/** What a task wrote is shown, and runs apart from the web app: its scripts reach neither the cookie nor the API. */
const isPage = (headers: Readonly<Record<string, unknown>>): boolean => /html|svg|xml/.test(String(typeOf(headers)));

const typeOf = (headers: Readonly<Record<string, unknown>>): unknown => headers["content-type"] ?? headers["Content-Type"];

async function remove(root: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const wirePath = wirePathOf(request);
  const path = await storedPath(root, wirePath);
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || found?.isFile() !== true) return notFound(reply);
  await rm(path);
  return reply.type("application/json").send(JSON.stringify(wirePath.replace(/^\/+/, "")));
}

/** A name in any letters as a header: those of ASCII for old readers, all of them quoted beside (RFC 6266). */
function attachment(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  const quoted = encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${quoted}`;
}

/** The raw path, unquoted: names may hold what a router would take for its own. */
function wirePathOf(request: FastifyRequest): string {
  const [path = ""] = request.url.split("?");
  return unquoted(path) ?? "";
}
