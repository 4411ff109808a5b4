import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * The official SDK forks its reporter while its connections stand open. Two processes that go on with one connection
 * read each other's answers or write into each other's requests, and the program hangs. The official server closes every
 * connection after its answer, so that none is left to share; here that is done for clients that are Python programs.
 */
export function closeForForkingClient(request: FastifyRequest, reply: FastifyReply): void {
  if (request.headers["user-agent"]?.startsWith("python-") === true) reply.header("connection", "close");
}
