import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ApiError } from "../../api/api-error.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { baseImage } from "../support/docker.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { Product } from "../support/product.ts";
import { makeRepository, type Repository } from "../support/repository.ts";
import { AgentUnderTest } from "./agent-under-test.ts";
import { removeLeftovers } from "./leftovers.ts";
import { COUNTER } from "./programs.ts";
import type { EngineName } from "./result.ts";
import { ServerUnderTest } from "./server-under-test.ts";

export const QUEUE = "chaos";
/** SIGTERM to SIGKILL, in these tests. */
export const GRACE_MS = 2_000;
/** The half minute of doubt is waited for by the clock; a test need not. */
export const DOUBT_MS = 2_500;

const PAGE = 500;

export interface AgentChoice {
  readonly name: string;
  readonly engine: EngineName;
  readonly slots?: number;
  readonly proxy?: FaultProxy;
  readonly queues?: readonly string[];
  /** More keys of agent.config.yaml, by section. */
  readonly sections?: Readonly<Record<string, object>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A server, proxies before it, agents, and a ledger outside of every run: all that a scenario plays with. */
export class World {
  readonly product: Product;
  readonly server: ServerUnderTest;
  readonly ledgerFolder: string;
  readonly agents: AgentUnderTest[] = [];
  readonly #repository: Repository;
  readonly #proxies: FaultProxy[] = [];

  private constructor(product: Product, repository: Repository) {
    this.product = product;
    this.server = new ServerUnderTest(product);
    this.ledgerFolder = join(product.folder, "ledger");
    this.#repository = repository;
  }

  static async start(): Promise<World> {
    const product = await Product.start();
    const repository = await makeRepository({ "counter.py": COUNTER }, product.folder);
    const world = new World(product, repository);
    await mkdir(world.ledgerFolder);
    await product.ensureQueue(QUEUE);
    return world;
  }

  get ledgerPath(): string {
    return join(this.ledgerFolder, "notes");
  }

  get repository(): Repository {
    return this.#repository;
  }

  async proxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(this.product.apiUrl);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** An agent that is not started yet. */
  async agent(choice: AgentChoice): Promise<AgentUnderTest> {
    const config = await this.configOf(choice);
    const env = {
      ...this.product.clientEnv,
      CLEARML_API_HOST: choice.proxy?.url ?? this.product.apiUrl,
      WINDLASS_DOUBT_MS: String(DOUBT_MS),
      ...choice.env,
    };
    const stateFolder = join(this.product.folder, `state-${choice.name}`);
    const configPath = join(this.product.folder, `${choice.name}.yaml`);
    const agent = new AgentUnderTest({ name: choice.name, stateFolder, configPath, config, env });
    this.agents.push(agent);
    return agent;
  }

  /** The tree of its agent.config.yaml. */
  async configOf({ engine, slots = 1, queues = [QUEUE], sections = {} }: AgentChoice): Promise<Record<string, object>> {
    const docker = engine === "docker" ? { enabled: true, image: await baseImage() } : {};
    return {
      ...sections,
      agent: { queues, slots, gpus: "none", ...sections["agent"] },
      run: { grace: `${GRACE_MS / 1000}s`, ...sections["run"] },
      docker: { ...docker, ...sections["docker"] },
    };
  }

  /** What the programs of that name noted, in order. */
  async notesOf(name: string): Promise<string[]> {
    return (await this.notes()).get(name) ?? [];
  }

  async notes(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const line of (await readFile(this.ledgerPath, "utf8").catch(() => "")).split("\n")) {
      const [name = "", word = ""] = line.split(" ");
      if (name !== "") found.set(name, [...(found.get(name) ?? []), word]);
    }
    return found;
  }

  /** Status by task; a task that the server does not know is missing. */
  async statuses(ids: readonly TaskId[]): Promise<Map<TaskId, string>> {
    const found = new Map<TaskId, string>();
    for (let at = 0; at < ids.length; at += PAGE) {
      const query = { id: ids.slice(at, at + PAGE), only_fields: ["id", "status"], search_hidden: true, page: 0, page_size: PAGE };
      const { tasks } = await this.product.session.call<{ tasks: { id: TaskId; status: string }[] }>("tasks.get_all", query);
      for (const { id, status } of tasks) found.set(id, status);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.agents) await agent.kill();
    for (const agent of this.agents) await removeLeftovers(agent).catch(() => undefined);
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await this.product[Symbol.asyncDispose]();
  }
}

/** Asks again as long as the server is away, since some scenarios take it away. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      await pause(500);
    }
  }
}
