import { open } from "node:fs/promises";
import { join } from "node:path";

/** Name of the socket in the state folder. */
export const SOCKET_NAME = "agent.sock";
/** The kernel's limit for the address of a unix socket, without its final zero. */
const MAX_BYTES = 107;

export interface SocketAddress extends AsyncDisposable {
  /** What is given to `listen` and `connect`. */
  readonly path: string;
}

/**
 * The address of `name` in `folder`. A path that is longer than a socket's address may be goes through a descriptor of the
 * folder, which is short and names the same file; it must be kept until the socket is connected, or closed.
 */
export async function socketAddress(folder: string, name = SOCKET_NAME): Promise<SocketAddress> {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= MAX_BYTES || process.platform !== "linux") return { path, [Symbol.asyncDispose]: () => Promise.resolve() };
  const handle = await open(folder, "r");
  return { path: `/proc/self/fd/${handle.fd}/${name}`, [Symbol.asyncDispose]: () => handle.close() };
}
