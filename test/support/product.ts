import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Events } from "../../api/events.ts";
import { ensureProject } from "../../api/projects.ts";
import { Queues } from "../../api/queues.ts";
import { Session } from "../../api/session.ts";
import { Tasks } from "../../api/tasks.ts";
import type { ProjectId, QueueId, TaskId } from "../../api/wire/ids.ts";
import type { Task } from "../../api/wire/task.ts";

/**
 * The product as a user has it: `windlass` as a program of its own, its server and its agents as processes, looked at
 * only through the server's API. Everything lives in one temporary folder and ends with the fixture.
 */
export interface ProductOptions {
  /** The command that is `windlass`; the checkout's by default. */
  readonly command?: readonly string[];
  /** Address that the server listens on; loopback by default. */
  readonly serverHost?: string;
  /** Extra environment of server and agents. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface DaemonOptions {
  readonly queues: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Name of the worker and of its state folder. */
  readonly name?: string;
  /** Runs as this user and group id. */
  readonly uid?: number;
  readonly gid?: number;
  readonly stateFolder?: string;
}

export interface TaskFields {
  readonly name?: string;
  readonly script?: object;
  readonly container?: object;
  readonly hyperparams?: object;
  readonly type?: string;
}

const CHECKOUT = [process.execPath, resolve(import.meta.dirname, "../../cli/main.ts")];
const FINAL = new Set(["completed", "failed", "stopped", "closed", "published"]);

export class Product {
  readonly folder: string;
  readonly session: Session;
  readonly tasks: Tasks;
  readonly queues: Queues;
  readonly events: Events;
  readonly apiUrl: string;
  readonly configPath: string;
  readonly #options: ProductOptions;
  readonly #children: ProgramProcess[];
  #project: Promise<ProjectId> | undefined;

  private constructor(folder: string, options: ProductOptions, server: ProgramProcess, access: Access) {
    this.folder = folder;
    this.#options = options;
    this.#children = [server];
    this.apiUrl = access.apiUrl;
    this.configPath = access.configPath;
    this.session = new Session({ apiServer: access.apiUrl, credentials: access });
    this.tasks = new Tasks(this.session);
    this.queues = new Queues(this.session);
    this.events = new Events(this.session);
  }

  static async start(options: ProductOptions = {}): Promise<Product> {
    const folder = await mkdtemp(join(tmpdir(), "windlass-product-"));
    const data = join(folder, "server");
    const server = new ProgramProcess(
      options,
      ["server", "--data", data, "--api-port", "0", "--files-port", "0", "--host", options.serverHost ?? "127.0.0.1"],
      {},
    );
    const ready = await server.waitFor(/^.*\bready\b.*$/m);
    const apiUrl = /https?:\/\/[^\s,;]+/.exec(ready)?.[0];
    if (apiUrl === undefined) throw new Error(`no address in the server's line: ${ready}`);
    const configPath = join(data, "clearml.conf");
    return new Product(folder, options, server, { apiUrl, configPath, ...(await keysIn(configPath)) });
  }

  get server(): ProgramProcess {
    return this.#children[0] as ProgramProcess;
  }

  /** The environment in which an official client or a `windlass` command finds this server. */
  get clientEnv(): Record<string, string> {
    return { CLEARML_CONFIG_FILE: this.configPath };
  }

  /** Starts an agent and waits until its workers are registered. */
  async startDaemon(options: DaemonOptions): Promise<ProgramProcess> {
    for (const queue of options.queues) await this.ensureQueue(queue);
    const name = options.name ?? `agent${this.#children.length}`;
    const state = options.stateFolder ?? join(this.folder, `state-${name}`);
    const daemon = new ProgramProcess(
      this.#options,
      ["daemon", "--queue", ...options.queues, "--state", state, ...(options.args ?? [])],
      { ...this.clientEnv, CLEARML_WORKER_NAME: name, ...options.env },
      options.uid === undefined ? {} : { uid: options.uid, ...(options.gid === undefined ? {} : { gid: options.gid }) },
    );
    this.#children.push(daemon);
    await eventually(`worker ${name} is registered`, async () => {
      daemon.mustLive();
      const { workers } = await this.session.call<{ workers: { id: string }[] }>("workers.get_all", {});
      return workers.some((worker) => worker.id.startsWith(`${name}:`));
    });
    return daemon;
  }

  /** Starts a `windlass` command; it ends with the fixture at the latest. */
  begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): ProgramProcess {
    const child = new ProgramProcess(this.#options, args, { ...this.clientEnv, ...env });
    this.#children.push(child);
    return child;
  }

  /** Runs a `windlass` command to its end. */
  async windlass(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{ code: number; output: string }> {
    const child = new ProgramProcess(this.#options, args, { ...this.clientEnv, ...env });
    const code = await child.ended;
    return { code, output: child.output };
  }

  /** A key pair of its own for an agent elsewhere. */
  async newKeys(): Promise<{ accessKey: string; secretKey: string }> {
    const { credentials } = await this.session.call<{ credentials: { access_key: string; secret_key: string } }>(
      "auth.create_credentials",
      {},
    );
    return { accessKey: credentials.access_key, secretKey: credentials.secret_key };
  }

  async ensureQueue(name: string): Promise<QueueId> {
    const found = (await this.queues.all()).find((queue) => queue.name === name);
    return found?.id ?? (await this.queues.create(name));
  }

  async createTask(fields: TaskFields): Promise<TaskId> {
    this.#project ??= ensureProject(this.session, "Windlass tests");
    return await this.tasks.create({ name: "a test task", type: "training", ...fields, project: await this.#project });
  }

  async enqueue(queue: string, fields: TaskFields): Promise<TaskId> {
    const id = await this.createTask(fields);
    await this.tasks.enqueue(id, { name: queue });
    return id;
  }

  /** Waits until the task has ended. */
  async ended(id: TaskId, withinMs = 120_000): Promise<Task> {
    return await eventually(
      `task ${id} has ended`,
      async () => {
        const task = await this.tasks.get(id);
        return FINAL.has(task.status) ? task : undefined;
      },
      withinMs,
    );
  }

  async run(queue: string, fields: TaskFields, withinMs?: number): Promise<Task> {
    return await this.ended(await this.enqueue(queue, fields), withinMs);
  }

  /** The task's whole console, as the server has it. */
  async consoleOf(id: TaskId): Promise<string> {
    const parts: string[] = [];
    for (let from = -1; ; ) {
      const { events } = await this.events.log(id, { fromTimestampMs: from, batchSize: 2000 });
      const last = events.at(-1);
      if (last === undefined) return parts.join("");
      parts.push(...events.map((event) => event.msg));
      from = last.timestamp;
    }
  }

  /** Ends the agents; the server goes on. */
  async endAgents(): Promise<void> {
    for (const child of this.#children.slice(1).toReversed()) await child.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) await child.end();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** One `windlass` process with everything it printed. */
export class ProgramProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  output = "";

  constructor(
    options: ProductOptions,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    who: { uid?: number; gid?: number } = {},
  ) {
    const [program = process.execPath, ...before] = options.command ?? CHECKOUT;
    this.child = spawn(program, [...before, ...args], {
      env: { ...process.env, ...options.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...who,
    });
    const take = (data: Buffer): void => {
      this.output += data.toString();
    };
    this.child.stdout?.on("data", take);
    this.child.stderr?.on("data", take);
    this.ended = once(this.child, "close").then(([code, signal]) => (signal === null ? Number(code) : 128));
  }

  mustLive(): void {
    if (this.child.exitCode !== null) throw new Error(`the program ended with ${this.child.exitCode}:\n${this.output}`);
  }

  async waitFor(pattern: RegExp, withinMs = 30_000): Promise<string> {
    return await eventually(
      `${pattern} is printed`,
      () => {
        const match = pattern.exec(this.output);
        if (match === null) this.mustLive();
        return Promise.resolve(match?.[0]);
      },
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
  }

  /** SIGTERM, and SIGKILL when it does not end within 15 s. */
  async end(): Promise<number> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return await this.ended;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    return await this.ended.finally(() => clearTimeout(timer));
  }
}

/** Waits for a state, not for a time; what it waited for stands in the error. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false>, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(25);
  }
}

interface Access {
  readonly apiUrl: string;
  readonly configPath: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

async function keysIn(configPath: string): Promise<{ accessKey: string; secretKey: string }> {
  const text = await readFile(configPath, "utf8");
  const value = (key: string): string => new RegExp(`"?${key}"?\\s*[:=]\\s*"([^"]+)"`).exec(text)?.[1] ?? "";
  return { accessKey: value("access_key"), secretKey: value("secret_key") };
}
