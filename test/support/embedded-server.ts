import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import pino from "pino";
import { type RunningServer, type ServerOptions, startServer } from "../../server/main.ts";
import { temporaryFolder } from "./folder.ts";

export interface Reply {
  readonly status: number;
  readonly subcode: number;
  readonly message: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the wire gives, looked at by tests
  readonly data: any;
}

export interface RawOptions {
  readonly token?: string | undefined;
  readonly type?: string;
  readonly method?: string;
  readonly signal?: AbortSignal;
}

/** The server inside this process, asked by plain HTTP. */
export class EmbeddedServer implements AsyncDisposable {
  readonly folder: string;
  readonly token: string;
  #server: RunningServer;

  private constructor(folder: string, server: RunningServer, token: string) {
    this.folder = folder;
    this.#server = server;
    this.token = token;
  }

  static async start(options: Partial<ServerOptions> = {}): Promise<EmbeddedServer> {
    const folder = options.dataFolder ?? (await temporaryFolder());
    const server = await startServer(serverOptions(folder, options));
    const keys = await keysOf(server.configPath);
    const reply = await fetch(`${server.apiUrl}/auth.login`, { headers: { authorization: basic(keys) } });
    return new EmbeddedServer(folder, server, ((await reply.json()) as { data: { token: string } }).data.token);
  }

  get apiUrl(): string {
    return this.#server.apiUrl;
  }

  get filesUrl(): string {
    return this.#server.filesUrl;
  }

  /** Of the web app, where the options name one. */
  get webUrl(): string {
    return this.#server.webUrl ?? "";
  }

  get configPath(): string {
    return this.#server.configPath;
  }

  get webKeys(): RunningServer["webKeys"] {
    return this.#server.webKeys;
  }

  /** One call, whatever comes of it. */
  async call(endpoint: string, body: unknown = {}, options: RawOptions = {}): Promise<Reply> {
    const response = await fetch(`${this.apiUrl}/${endpoint}`, {
      method: options.method ?? "POST",
      headers: {
        ...("token" in options && options.token === undefined ? {} : { authorization: `Bearer ${options.token ?? this.token}` }),
        "content-type": options.type ?? "application/json",
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const { meta, data } = (await response.json()) as { meta: { result_subcode: number; result_msg: string }; data: object };
    return { status: response.status, subcode: meta.result_subcode, message: meta.result_msg, data };
  }

  /** The same, and a refusal fails the test. */
  async ask(endpoint: string, body: unknown = {}, options: RawOptions = {}): Promise<Reply["data"]> {
    const reply = await this.call(endpoint, body, options);
    if (reply.status !== 200) throw new Error(`${endpoint}: ${reply.status}/${reply.subcode} ${reply.message}`);
    return reply.data;
  }

  async task(fields: object = {}): Promise<string> {
    return (await this.ask("tasks.create", { name: "a task", type: "training", ...fields })).id as string;
  }

  async lines(events: readonly object[], type = "application/json-lines"): Promise<Reply> {
    return await this.call("events.add_batch", events.map((event) => JSON.stringify(event)).join("\n"), { type });
  }

  async runToken(fields: object): Promise<string> {
    return (await this.ask("auth.login", { windlass_scope: "run", ...fields })).token as string;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function serverOptions(dataFolder: string, options: Partial<ServerOptions> = {}): ServerOptions {
  return { host: "127.0.0.1", apiPort: 0, filesPort: 0, logger: pino({ level: "silent" }), ...options, dataFolder };
}

const basic = (keys: string): string => `Basic ${Buffer.from(keys).toString("base64")}`;

async function keysOf(configPath: string): Promise<string> {
  const text = await readFile(configPath, "utf8");
  const value = (key: string): string => new RegExp(`"${key}": "([^"]+)"`).exec(text)?.[1] ?? "";
  return `${value("access_key")}:${value("secret_key")}`;
}

export const databaseOf = (server: EmbeddedServer): string => join(server.folder, "windlass.db");
