import type { Logger } from "../base/logger.ts";
import type { Engine } from "../runner/engine.ts";
import type { Config } from "./config.ts";
import type { Journal } from "./journal.ts";

export type EngineKind = Engine["kind"];

/** The engines, each with its libraries loaded when the first task needs it: an idle agent stays small. */
export class Engines {
  readonly #config: Config;
  readonly #agentId: string;
  readonly #logger: Logger;
  readonly #journal: Journal;
  readonly #made = new Map<EngineKind, Promise<Engine>>();

  constructor(config: Config, agentId: string, journal: Journal, logger: Logger) {
    this.#journal = journal;
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

  /** Whether a run has needed it already. */
  isMade(kind: EngineKind): boolean {
    return this.#made.has(kind);
  }

  async close(): Promise<void> {
    for (const made of this.#made.values()) await (await made.catch(() => undefined))?.close();
  }

  async #make(kind: EngineKind): Promise<Engine> {
    if (kind === "process") return (await import("../runner/process/process-engine.ts")).createProcessEngine(this.#logger);
    const { createDockerEngine } = await import("../runner/docker/docker-engine.ts");
    const { runSettings: settings, stateFolder } = this.#config;
    const engine = await createDockerEngine({ settings, agentId: this.#agentId, stateFolder, logger: this.#logger });
    void this.#removeStrays(engine);
    return engine;
  }

  /** Containers of this agent that no record of the journal knows: best effort, once for each connection. */
  async #removeStrays(engine: Engine): Promise<void> {
    try {
      const removed = await engine.removeStrays(this.#agentId, await this.#journal.claims());
      if (removed > 0) this.#logger.warn({ removed }, "containers of this agent that belonged to no run were removed");
    } catch (error) {
      this.#logger.warn({ err: error }, "containers without a run could not be looked for");
    }
  }
}
