import type { Logger } from "../base/logger.ts";
import type { Engine } from "../runner/engine.ts";
import type { Config } from "./config.ts";

export type EngineKind = Engine["kind"];

/** The engines, each with its libraries loaded when the first task needs it: an idle agent stays small. */
export class Engines {
  readonly #config: Config;
  readonly #agentId: string;
  readonly #logger: Logger;
  readonly #made = new Map<EngineKind, Promise<Engine>>();

  constructor(config: Config, agentId: string, logger: Logger) {
    this.#config = config;
    this.#agentId = agentId;
    this.#logger = logger;
  }

  /** Throws RunError `failed/engine` when it does not answer; the next call tries again. */
  async get(kind: EngineKind): Promise<Engine> {
    const known = this.#made.get(kind);
    if (known !== undefined) return await known;
    const made = this.#make(kind);
    this.#made.set(kind, made);
    made.catch(() => this.#made.delete(kind));
    return await made;
  }

  async close(): Promise<void> {
    for (const made of this.#made.values()) await (await made.catch(() => undefined))?.close();
  }

  async #make(kind: EngineKind): Promise<Engine> {
    if (kind === "process") return (await import("../runner/process/process-engine.ts")).createProcessEngine();
    const { createDockerEngine } = await import("../runner/docker/docker-engine.ts");
    const { runSettings: settings, stateFolder } = this.#config;
    return await createDockerEngine({ settings, agentId: this.#agentId, stateFolder, logger: this.#logger });
  }
}
