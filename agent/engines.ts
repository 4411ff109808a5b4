import type { Logger } from "../base/logger.ts";
import type { Engine } from "../runner/engine.ts";
import type { RunSettings } from "../runner/settings.ts";
import type { Config } from "./config.ts";
import type { ClaimRecord, Journal } from "./journal.ts";

export type EngineKind = Engine["kind"];

/** A Docker engine that nobody gave an address, once DOCKER_HOST names another one. */
const DEFAULT_SOCKET = "/var/run/docker.sock";

/** The engine in which a run is begun by this configuration, for its record. */
export function engineNow(config: Config): Pick<ClaimRecord, "engine" | "engineAddress"> {
  const { engine } = config;
  return engine === "docker" ? { engine, engineAddress: dockerAddress(config) } : { engine };
}

const dockerAddress = ({ runSettings }: Config): string => runSettings.docker.host ?? process.env["DOCKER_HOST"] ?? "";

/** The engines, each with its libraries loaded when the first task needs it: an idle agent stays small. */
export class Engines {
  readonly #config: Config;
  readonly #agentId: string;
  readonly #logger: Logger;
  readonly #journal: Journal;
  readonly #made = new Map<string, Promise<Engine>>();

  constructor(config: Config, agentId: string, journal: Journal, logger: Logger) {
    this.#journal = journal;
    this.#config = config;
    this.#agentId = agentId;
    this.#logger = logger;
  }

  /** Throws RunError `failed/engine` when it does not answer; the next call tries again. `address`: of a run of before. */
  async get(kind: EngineKind, address?: string): Promise<Engine> {
    const other = kind === "docker" && address !== undefined && address !== dockerAddress(this.#config) ? address : undefined;
    const key = other === undefined ? kind : `${kind} ${other}`;
    const known = this.#made.get(key);
    if (known !== undefined) return await known;
    const made = this.#make(kind, other);
    this.#made.set(key, made);
    made.catch(() => this.#made.delete(key));
    return await made;
  }

  /** Whether a run has needed it already. */
  isMade(kind: EngineKind): boolean {
    return this.#made.has(kind);
  }

  async close(): Promise<void> {
    for (const made of this.#made.values()) await (await made.catch(() => undefined))?.close();
  }

  async #make(kind: EngineKind, other: string | undefined): Promise<Engine> {
    if (kind === "process") return (await import("../runner/process/process-engine.ts")).createProcessEngine(this.#logger);
    const { createDockerEngine } = await import("../runner/docker/docker-engine.ts");
    const { runSettings, stateFolder } = this.#config;
    const settings = other === undefined ? runSettings : withHost(runSettings, other === "" ? DEFAULT_SOCKET : other);
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

const withHost = (settings: RunSettings, host: string): RunSettings => ({ ...settings, docker: { ...settings.docker, host } });
