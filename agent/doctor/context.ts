import { Connections } from "../../api/connections.ts";
import { type Client, createClient } from "../client.ts";
import type { Config, ConfigFlags, LoadedConfig } from "../config.ts";
import { loadConfig } from "../load-config.ts";
import { TrialRun } from "./trial-run.ts";

/** What the checks share: the configuration once it is read, one login, one empty run. */
export class DoctorContext {
  readonly #flags: ConfigFlags;
  readonly #env: NodeJS.ProcessEnv;
  #loaded: LoadedConfig | undefined;
  #client: Client | undefined;
  #connections: Connections | undefined;
  #trial: TrialRun | undefined;

  constructor(flags: ConfigFlags, env: NodeJS.ProcessEnv) {
    this.#flags = flags;
    this.#env = env;
  }

  async load(): Promise<LoadedConfig> {
    this.#loaded ??= await loadConfig(this.#flags, this.#env);
    return this.#loaded;
  }

  /** Only after the configuration was read. */
  get config(): Config {
    if (this.#loaded === undefined) throw new Error("the configuration was not read yet");
    return this.#loaded.config;
  }

  get isDocker(): boolean {
    return this.config.engine === "docker";
  }

  get client(): Client {
    this.#client ??= createClient(this.config);
    return this.#client;
  }

  /** For plain addresses, as the client reaches its own. */
  get connections(): Connections {
    this.#connections ??= new Connections({ caBundle: this.config.runSettings.network.caBundle });
    return this.#connections;
  }

  get trial(): TrialRun {
    this.#trial ??= new TrialRun(this.config);
    return this.#trial;
  }

  async close(): Promise<void> {
    await this.#trial?.close();
  }
}
