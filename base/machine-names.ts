import { createServer, type Server } from "node:net";
import { codeOf } from "./errors.ts";

/**
 * Names of which each has one process of this machine at a time (of one container, where that has a network of its own): a
 * socket in Linux' abstract space, which leaves no file and goes with its process however that ends.
 */
export class MachineNames implements AsyncDisposable {
  readonly #held = new Map<string, Server>();

  /** False: another process has it. Where there are no such sockets nobody is known to have any. */
  async take(name: string): Promise<boolean> {
    if (this.#held.has(name)) return true;
    const server = createServer((caller) => caller.destroy());
    if ((await failureToListen(server, `\0windlass/${name}`)) === "EADDRINUSE") return false;
    this.#held.set(name, server.unref());
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [...this.#held.values()].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#held.clear();
    await Promise.all(closed);
  }
}

function failureToListen(server: Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error) => resolve(codeOf(error)));
    server.listen(path, () => resolve(undefined));
  });
}
