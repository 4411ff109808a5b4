import type { Socket } from "node:net";

/** A person or a scraper asks now and then, and is answered at once: more at a time, or for longer, is a mistake. */
const MAX_CONNECTIONS = 64;
const CONNECTION_MS = 10_000;

/** The connections of a window: the oldest makes room for a new one, so that no number of silent ones hides the agent. */
export class FewConnections {
  readonly #open = new Set<Socket>();

  take(socket: Socket): void {
    if (this.#open.size >= MAX_CONNECTIONS) this.#open.values().next().value?.destroy();
    this.#open.add(socket);
    const limit = setTimeout(() => socket.destroy(), CONNECTION_MS).unref();
    socket
      .on("error", () => undefined)
      .on("close", () => {
        clearTimeout(limit);
        this.#open.delete(socket);
      });
  }

  end(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
