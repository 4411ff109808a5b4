import { type FileHandle, open, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { codeOf } from "./errors.ts";

/**
 * Proof of life that holds between containers of one machine, which do not see each other's processes: a socket in a shared
 * folder answers exactly as long as its process lives. The folder is opened first, since a socket's path may have 107 bytes only.
 */
export interface AliveSocket {
  close(): Promise<void>;
}

/** Undefined where no socket can be made (another system, a file system without sockets). */
export async function openAliveSocket(path: string): Promise<AliveSocket | undefined> {
  const folder = await open(dirname(path)).catch(() => undefined);
  if (folder === undefined) return undefined;
  const server = createServer((caller) => caller.destroy());
  if (!(await listens(server, shortPath(folder, path)))) {
    await folder.close();
    return undefined;
  }
  server.unref();
  return {
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await unlink(path).catch(() => undefined);
      await folder.close();
    },
  };
}

/** False only when nobody listens there any more: whatever else goes wrong is no proof of death. */
export async function aliveSocketAnswers(path: string): Promise<boolean> {
  const folder = await open(dirname(path)).catch(() => undefined);
  if (folder === undefined) return true;
  try {
    return await answers(shortPath(folder, path));
  } finally {
    await folder.close();
  }
}

const shortPath = (folder: FileHandle, path: string): string => join("/proc/self/fd", String(folder.fd), basename(path));

function listens(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(path, () => resolve(true));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const caller = connect(path);
    const tell = (alive: boolean): void => {
      caller.destroy();
      resolve(alive);
    };
    caller.once("connect", () => tell(true));
    caller.once("error", (error) => tell(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error) ?? "")));
  });
}
