import { createHash } from "node:crypto";
import { MachineNames } from "../base/machine-names.ts";

/** Names of workers on one server, as far as agents of this machine use them: two of the same name would overwrite one another there. */
export class WorkerNames implements AsyncDisposable {
  readonly #names = new MachineNames();
  readonly #server: string;

  constructor(apiServer: string) {
    this.#server = apiServer;
  }

  /** False: another agent of this machine is this worker. Hashed, since such a name has 107 bytes at most. */
  async take(worker: string): Promise<boolean> {
    return await this.#names.take(createHash("sha256").update(`${this.#server} ${worker}`).digest("hex"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#names[Symbol.asyncDispose]();
  }
}
