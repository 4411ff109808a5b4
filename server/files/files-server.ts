import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import multipart from "@fastify/multipart";
import send from "@fastify/send";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { newId } from "../../base/ids.ts";
import type { Authentication } from "../auth/authentication.ts";
import { storedPath } from "./stored-path.ts";

/**
 * The file server (clearml-api.md 8): artifacts, models and images. A multipart part's *field name* is the path; bodies
 * are streamed to disk, never held in memory, and appear under their name only when they are whole.
 */
export interface FilesOptions {
  readonly root: string;
  readonly auth: Authentication;
}

export async function createFilesServer(options: FilesOptions): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true, requestTimeout: 0, bodyLimit: 2 ** 20 });
  await app.register(multipart, { limits: { fileSize: Number.MAX_SAFE_INTEGER, fieldNameSize: 8192, files: 10_000 } });
  app.addHook("onRequest", async (request, reply) => await admit(options, request, reply));
  app.get("/", (_request, reply) => reply.type("text/plain").send("OK"));
  app.post("/delete_many", async (request, reply) => reply.send(await deleteMany(options.root, request.body)));
  app.post("/*", async (request, reply) => await upload(options.root, request, reply));
  app.get("/*", async (request, reply) => await download(options.root, request, reply));
  app.delete("/*", async (request, reply) => await remove(options.root, request, reply));
  return app;
}

async function admit(options: FilesOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  reply.header("server", "clearml").header("access-control-allow-origin", "*");
  if (request.method === "OPTIONS")
    return reply.header("access-control-allow-headers", "*").header("access-control-allow-methods", "*").send();
  if (request.headers["content-encoding"] !== undefined) return reply.code(415).send("Content-Encoding is not supported");
  const anonymousHello = request.url === "/" && request.method === "GET" && request.headers.authorization === undefined;
  if (anonymousHello) return undefined;
  try {
    options.auth.bearer(request.headers as never);
    return undefined;
  } catch {
    return reply.code(401).type("text/plain").send("Unauthorized");
  }
}

async function upload(root: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!request.isMultipart()) return reply.code(400).type("text/plain").send("expected multipart/form-data");
  const stored: string[] = [];
  for await (const part of request.parts()) {
    if (part.type !== "file") continue;
    const path = await storedPath(root, part.fieldname);
    if (path === undefined) return reply.code(404).type("text/plain").send("Not found");
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.${newId()}.part`;
    try {
      await pipeline(part.file, createWriteStream(partial, { mode: 0o600 }));
      await rename(partial, path);
    } finally {
      await rm(partial, { force: true });
    }
    stored.push(part.fieldname.replace(/^\/+/, ""));
  }
  return reply.send(stored);
}

/** Ranges, If-Modified-Since and HEAD are the library's; `.gz` goes out as bytes, not as an encoding. */
async function download(root: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = await storedPath(root, wirePathOf(request));
  if (path === undefined) return reply.code(404).type("text/plain").send("Not found");
  const result = await send(request.raw, encodeURI(path.slice(root.length)).replace(/[?#]/g, encodeURIComponent), {
    root,
    dotfiles: "allow",
    index: false,
    maxAge: 300_000,
  });
  if (result.type === "error") return reply.code(404).type("text/plain").send("Not found");
  reply.code(result.statusCode).headers(result.headers);
  if (path.endsWith(".gz")) reply.type("application/octet-stream");
  if ("download" in (request.query as object)) reply.header("content-disposition", `attachment; filename="${path.split("/").at(-1)}"`);
  return reply.send(result.stream);
}

async function remove(root: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const wirePath = wirePathOf(request);
  const path = await storedPath(root, wirePath);
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || found?.isFile() !== true) return reply.code(404).type("text/plain").send("Not found");
  await rm(path);
  return reply.type("application/json").send(JSON.stringify(wirePath.replace(/^\/+/, "")));
}

async function deleteMany(root: string, body: unknown): Promise<object> {
  const files = (body as { files?: unknown } | undefined)?.files;
  if (!Array.isArray(files)) return { deleted: {}, errors: { "files is required": [] } };
  const deleted: Record<string, string> = {};
  const errors: Record<string, string[]> = {};
  for (const given of files.map(String)) {
    const wirePath = decodeURIComponent(given);
    const path = await storedPath(root, wirePath);
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (path === undefined || found === undefined) (errors["Not found"] ??= []).push(given);
    else {
      await rm(path, { recursive: true });
      deleted[given] = wirePath;
    }
  }
  return { deleted, errors };
}

/** The raw path, unquoted: names may hold what a router would take for its own. */
function wirePathOf(request: FastifyRequest): string {
  const [path = ""] = request.url.split("?");
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
