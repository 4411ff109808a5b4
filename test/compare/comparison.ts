import { join } from "node:path";
import { dockerAnswers } from "../support/docker.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";
import type { ProgramProcess } from "../support/product.ts";
import { BRIDGE_HOST } from "../support/systemd-container.ts";
import { type Difference, differencesOf, shown } from "./difference.ts";
import { type Evidence, evidenceOf, faultsOf } from "./evidence.ts";
import { type Example, enqueue } from "./examples.ts";
import { reasonFor } from "./reasons.ts";
import { startWorker, type WorkerName } from "./workers.ts";

/** With whose documents those of the others are compared. */
export const MEASURE: WorkerName = "windlass, process";

/** How one program went with one worker. */
export interface Outcome {
  readonly example: string;
  readonly worker: WorkerName;
  readonly status: string;
  /** What is wrong; a difference without a reason is. */
  readonly faults: readonly string[];
  /** Fields that differ with a reason. */
  readonly explained: readonly Difference[];
}

const WITHIN_MS = 30 * 60_000;

/** A server, workers with a queue for each, and the programs that they run. */
export class Comparison implements AsyncDisposable {
  readonly #server: EmbeddedServer;
  readonly #project: string;
  readonly #workers = new Map<WorkerName, { readonly queue: string; readonly process: ProgramProcess }>();
  readonly #runs = new Map<string, Promise<Evidence>>();

  private constructor(server: EmbeddedServer, project: string) {
    this.#server = server;
    this.#project = project;
  }

  /** Without a Docker engine the server listens on loopback, and workers in containers cannot be begun. */
  static async start(): Promise<Comparison> {
    const server = await EmbeddedServer.start(dockerAnswers() ? { host: BRIDGE_HOST } : {});
    return new Comparison(server, (await server.ask("projects.create", { name: "SDK examples" })).id);
  }

  /** Starts the worker and enqueues the examples for it. */
  async begin(worker: WorkerName, examples: readonly Example[]): Promise<void> {
    const { id: queue } = await this.#server.ask("queues.create", { name: worker });
    const folder = join(this.#server.folder, "workers", worker.replace(", ", "-"));
    this.#workers.set(worker, { queue, process: await startWorker(worker, queue, this.#server, folder) });
    for (const example of examples) {
      const task = await enqueue(this.#server, example, this.#project, queue);
      const run = evidenceOf(this.#server, task, WITHIN_MS);
      run.catch(() => undefined);
      this.#runs.set(keyOf(worker, example), run);
    }
  }

  /** Waits for what `begin` began, of this worker and of the measure. */
  async outcome(worker: WorkerName, example: Example): Promise<Outcome> {
    const evidence = await this.#evidence(worker, example);
    const found = worker === MEASURE ? [] : differencesOf(await this.#evidence(MEASURE, example), evidence);
    const unexplained = found.filter((difference) => reasonFor(worker, difference) === undefined);
    return {
      example: example.name,
      worker,
      status: evidence.status,
      faults: [...faultsOf(example, evidence), ...unexplained.map(shown)],
      explained: found.filter((difference) => !unexplained.includes(difference)),
    };
  }

  /** The task's console, for whoever looks into a failure. */
  async console(worker: WorkerName, example: Example): Promise<string> {
    return (await this.#evidence(worker, example)).console;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers.values()].map(async ({ process }) => await process.end()));
    await this.#server[Symbol.asyncDispose]();
  }

  async #evidence(worker: WorkerName, example: Example): Promise<Evidence> {
    const run = this.#runs.get(keyOf(worker, example));
    if (run === undefined) throw new Error(`${example.name} was not begun for ${worker}`);
    return await run;
  }
}

const keyOf = (worker: WorkerName, { name }: Example): string => `${worker}: ${name}`;
