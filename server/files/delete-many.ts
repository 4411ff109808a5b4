import { rm, stat } from "node:fs/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isMap } from "../body.ts";
import { storedPath, unquoted } from "./stored-path.ts";

/** `POST /delete_many` (clearml-api.md 8): files, and folders whole; never the store itself. What could not be deleted is told by reason. */
export async function deleteMany(root: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const files = isMap(request.body) ? request.body["files"] : undefined;
  if (!Array.isArray(files) || !files.every((file) => typeof file === "string"))
    return reply.code(400).type("text/plain").send("files is required");
  const deleted = new Map<string, string>();
  const errors = new Map<string, string[]>();
  for (const given of files as string[]) {
    const wirePath = unquoted(given);
    const problem = wirePath === undefined ? "Invalid path" : await deleteOne(root, wirePath);
    if (wirePath !== undefined && problem === undefined) deleted.set(given, wirePath);
    else errors.set(String(problem), [...(errors.get(String(problem)) ?? []), given]);
  }
  return reply.send({ deleted: Object.fromEntries(deleted), errors: Object.fromEntries(errors) });
}

/** The reason when it is not deleted. */
async function deleteOne(root: string, wirePath: string): Promise<string | undefined> {
  const path = await storedPath(root, wirePath);
  if (path === undefined) return "Empty or invalid path";
  if ((await stat(path).catch(() => undefined)) === undefined) return "Not found";
  return await rm(path, { recursive: true }).then(
    () => undefined,
    () => "Failed deleting",
  );
}
