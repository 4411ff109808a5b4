import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Task } from "../../task/index.ts";
import { EmbeddedServer } from "./embedded-server.ts";
import { plainEnvironment } from "./windlass-command.ts";

const DOOR = pathToFileURL(resolve(import.meta.dirname, "../../task/index.ts")).href;

export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it printed last, behind `said `. */
  // biome-ignore lint/suspicious/noExplicitAny: each program says something of its own
  readonly said: any;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  readonly onStart?: (child: ChildProcess) => void;
}

/** An embedded server with the `Task` class of this process connected to it, and TypeScript programs that use the class as users do. */
export class TaskPrograms implements AsyncDisposable {
  readonly server: EmbeddedServer;
  readonly folder: string;
  #count = 0;

  private constructor(server: EmbeddedServer, folder: string) {
    this.server = server;
    this.folder = folder;
  }

  static async start(server?: EmbeddedServer): Promise<TaskPrograms> {
    const started = server ?? (await EmbeddedServer.start());
    const conf = await readFile(started.configPath, "utf8");
    const value = (key: string): string => new RegExp(`"${key}": "([^"]+)"`).exec(conf)?.[1] ?? "";
    const hosts = { apiHost: started.apiUrl, filesHost: started.filesUrl, webHost: started.apiUrl };
    Task.setCredentials({ ...hosts, key: value("access_key"), secret: value("secret_key") });
    const folder = await mkdtemp(join(tmpdir(), "windlass-programs-"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies: { "left-pad": "^1.3.0" } }));
    return new TaskPrograms(started, folder);
  }

  /** The text of a program with `Task` and `Logger` imported. */
  async write(text: string, cwd = this.folder): Promise<string> {
    const path = join(cwd, `program-${++this.#count}.ts`);
    await writeFile(path, `import { Task } from "${DOOR}";\n${text}\n`);
    return path;
  }

  /** Runs a program to its end, as a person would at a terminal. */
  async run(text: string, options: ProgramOptions = {}): Promise<ProgramResult> {
    const cwd = options.cwd ?? this.folder;
    return await this.runFile(await this.write(text, cwd), { ...options, cwd });
  }

  async runFile(path: string, { env = {}, cwd = this.folder, args = [], onStart }: ProgramOptions = {}): Promise<ProgramResult> {
    const own = { CLEARML_CONFIG_FILE: this.server.configPath, CLEARML_CACHE_DIR: join(this.folder, "cache") };
    const child = spawn(process.execPath, [path, ...args], {
      cwd,
      env: plainEnvironment({ ...own, ...env }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].on("data", (data: Buffer) => (output[name] += data.toString()));
    onStart?.(child);
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const line = /^said (.*)$/m.exec(output.stdout)?.[1];
    return { code, signal, ...output, said: line === undefined ? undefined : JSON.parse(line) };
  }

  /** The task's document, by plain HTTP. */
  // biome-ignore lint/suspicious/noExplicitAny: what the wire gives
  async document(task: string): Promise<any> {
    return (await this.server.ask("tasks.get_by_id", { task })).task;
  }

  /** The console of a task as one text. */
  async console(task: string): Promise<string> {
    const { events } = await this.server.ask("events.get_task_log", { task, order: "asc", batch_size: 5000 });
    return events.map(({ msg }: { msg: string }) => `${msg}\n`).join("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
