import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Product, ProgramProcess } from "../support/product.ts";

/** How a server may go away: asked to stop, killed, or hanging with its connections open. */
export type Outage = "SIGTERM" | "SIGKILL" | "SIGSTOP";
export const OUTAGES: readonly Outage[] = ["SIGTERM", "SIGKILL", "SIGSTOP"];

/** The product's server, which goes away and comes back on the same folder and port. */
export class ServerUnderTest {
  readonly #folder: string;
  #process: ProgramProcess;

  constructor(product: Product) {
    this.#folder = join(product.folder, "server");
    this.#process = product.server;
  }

  /** `meanwhile` is done while it is away. */
  async outage(how: Outage, forMs: number, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    this.#process.child.kill(how);
    if (how !== "SIGSTOP") await this.#process.ended;
    await pause(forMs);
    await meanwhile();
    if (how === "SIGSTOP") this.#process.child.kill("SIGCONT");
    else await this.#startAgain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.child.kill("SIGCONT");
    await this.#process.end();
  }

  async #startAgain(): Promise<void> {
    this.#process = new ProgramProcess({}, ["server", "--data", this.#folder, "--api-port", "0", "--files-port", "0"], {});
    await this.#process.waitFor(/^.*\bready\b.*$/m);
  }
}
