import type { FastifyReply, FastifyRequest } from "fastify";
import { header } from "./headers.ts";

/**
 * Pages of other addresses may call, with the cookie: the web app on its own port does (clearml-api.md 13). The browser
 * sends the cookie, which is `SameSite=Lax`, only from pages of the same site.
 */
export function allowOrigins(request: FastifyRequest, reply: FastifyReply): void {
  const origin = header(request.headers, "origin");
  reply.header("vary", "Origin").header("access-control-allow-origin", origin ?? "*");
  if (origin === undefined) return;
  reply.header("access-control-allow-credentials", "true");
  reply.header("access-control-allow-headers", header(request.headers, "access-control-request-headers") ?? "*");
  reply.header("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  reply.header("access-control-expose-headers", "Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag");
}
