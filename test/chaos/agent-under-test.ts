import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ProgramProcess } from "../support/product.ts";

export interface AgentOptions {
  readonly name: string;
  readonly stateFolder: string;
  readonly configPath: string;
  /** The tree of agent.config.yaml. */
  readonly config: object;
  readonly env: Readonly<Record<string, string>>;
}

/** An agent of one state folder that is started, killed and started again; what all its processes logged is kept. */
export class AgentUnderTest {
  readonly name: string;
  readonly stateFolder: string;
  readonly #options: AgentOptions;
  #process: ProgramProcess | undefined;
  readonly #logs: string[] = [];

  constructor(options: AgentOptions) {
    this.name = options.name;
    this.stateFolder = options.stateFolder;
    this.#options = options;
  }

  /** Writes the configuration that the next start, or a SIGHUP, reads. JSON is YAML. */
  async configure(config: object = this.#options.config): Promise<void> {
    await writeFile(this.#options.configPath, JSON.stringify(config));
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.alive) throw new Error(`the agent ${this.name} runs already`);
    if (this.#process !== undefined) this.#logs.push(this.#process.output);
    await this.configure();
    const args = ["daemon", "--config", this.#options.configPath, "--state", this.stateFolder];
    this.#process = new ProgramProcess({}, args, { ...this.#options.env, CLEARML_WORKER_NAME: this.name, ...env });
    void this.#process.ended.catch(() => undefined);
  }

  /** Starts it and waits until it is registered. */
  async startReady(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.start(env);
    await this.#running.waitFor(/ready, waiting for tasks/);
  }

  get alive(): boolean {
    const child = this.#process?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get #running(): ProgramProcess {
    if (this.#process === undefined) throw new Error(`the agent ${this.name} was never started`);
    return this.#process;
  }

  signal(name: NodeJS.Signals): void {
    this.#running.child.kill(name);
  }

  /** Everything that this and its earlier processes logged. */
  get log(): string {
    return [...this.#logs, this.#process?.output ?? ""].join("\n=== started again ===\n");
  }

  /** Writes the log where it outlives the scenario; the file's path. */
  async keepLog(): Promise<string> {
    const path = join(tmpdir(), `windlass-chaos-${process.pid}-${this.name}.log`);
    await writeFile(path, this.log);
    return path;
  }

  /** What its newest process logged. */
  get freshLog(): string {
    return this.#process?.output ?? "";
  }

  /** The exit code (128: ended by a signal), or undefined when it lives longer than that. */
  async endsWithin(ms: number): Promise<number | undefined> {
    const over = new AbortController();
    const code = await Promise.race([this.#running.ended, pause(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
    return code;
  }

  /** As by `kill -9`. */
  async kill(): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.child.kill("SIGKILL");
    await this.#process.ended;
  }

  /** SIGTERM, and the exit code; an agent that does not end is killed, and the answer is undefined. */
  async stop(withinMs = 30_000): Promise<number | undefined> {
    if (!this.alive) return await this.#process?.ended;
    this.signal("SIGTERM");
    const code = await this.endsWithin(withinMs);
    if (code === undefined) await this.kill();
    return code;
  }

  /** Its random id; undefined before its first start got so far. */
  async id(): Promise<string | undefined> {
    const text = await readFile(`${this.stateFolder}/agent.json`, "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as { id: string }).id;
  }
}
