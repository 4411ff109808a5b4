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
  return !["ECONNREFUSED", "ENOENT"].includes((await refusalAt(path)) ?? "");
}

/** The socket is there, and nobody listens: its process is dead, or the file is a copy of a socket that lies elsewhere. */
export async function aliveSocketIsSilent(path: string): Promise<boolean> {
  return (await refusalAt(path)) === "ECONNREFUSED";
}

/** The system's code for a call that failed; undefined: it was answered, or cannot be made from here. */
async function refusalAt(path: string): Promise<string | undefined> {
  const folder = await open(dirname(path)).catch(() => undefined);
  if (folder === undefined) return undefined;
  try {
    return await call(shortPath(folder, path));
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

function call(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const caller = connect(path);
    const tell = (code: string | undefined): void => {
      caller.destroy();
      resolve(code);
    };
    caller.once("connect", () => tell(undefined));
    caller.once("error", (error) => tell(codeOf(error)));
  });
}
