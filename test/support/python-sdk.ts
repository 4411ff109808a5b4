import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EmbeddedServer } from "./embedded-server.ts";
import { FaultProxy, type Passed } from "./fault-proxy.ts";
import { venvWith } from "./python-venv.ts";
import { plainEnvironment } from "./windlass-command.ts";

const PACKAGES = ["clearml==2.1.12", "numpy", "pandas", "pillow", "matplotlib"];
const PROGRAMS = resolve(import.meta.dirname, "../sdk/programs");
/** The SDK waits ten seconds at the end of every task, so more of them than there are cores. */
const AT_ONCE = 4;

export interface Ended {
  readonly code: number;
  readonly output: string;
  /** What the program printed last, after `done `. */
  // biome-ignore lint/suspicious/noExplicitAny: each program says something of its own
  readonly said: any;
}

/**
 * An embedded server with programs of the official Python SDK, which is installed once per machine. The API is reached
 * through a proxy that remembers what the server refused, since the SDK swallows many refusals.
 */
export class PythonSdk implements AsyncDisposable {
  readonly server: EmbeddedServer;
  readonly #proxy: FaultProxy;
  readonly #bin: string;
  /** Where programs and commands live; gone with the fixture. */
  readonly folder: string;
  readonly #running = new Map<string, Promise<Ended>>();
  #places = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  private constructor(server: EmbeddedServer, proxy: FaultProxy, bin: string, folder: string) {
    this.server = server;
    this.#proxy = proxy;
    this.#bin = bin;
    this.folder = folder;
  }

  static async start(): Promise<PythonSdk> {
    const bin = join(await venvWith(PACKAGES), "bin");
    const server = await EmbeddedServer.start();
    const folder = await mkdtemp(join(tmpdir(), "windlass-sdk-"));
    await cp(server.configPath, join(folder, "clearml.conf"));
    return new PythonSdk(server, await FaultProxy.start(server.apiUrl), bin, folder);
  }

  /** Where the interpreter that has the SDK lies. */
  get python(): string {
    return join(this.#bin, "python");
  }

  /** Programs of test/sdk/programs, each started as soon as there is a place. */
  begin(names: readonly string[]): void {
    for (const name of names)
      this.#running.set(
        name,
        this.#placed(async () => await this.#program(name)),
      );
  }

  /** What the program said when it was done; that it failed is an error with all it printed. */
  async said(name: string): Promise<Ended["said"]> {
    const { code, output, said } = await (this.#running.get(name) ?? this.#program(name));
    if (code !== 0 || said === undefined) throw new Error(`${name}.py ended with ${code}:\n${output}\n${this.refusals().join("\n")}`);
    return said;
  }

  /** One command of the SDK (`clearml-task`, `clearml-data`), or `python`. */
  async command(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return await this.#spawn(join(this.#bin, name), args, await mkdtemp(join(this.folder, "cwd-")), env);
  }

  /** What the server answered with an error, as `endpoint: code/subcode message`. */
  refusals(): string[] {
    return this.#proxy.passed.filter(isRefusal).map((passed) => `${passed.endpoint}: ${passed.refusal}`);
  }

  /** Those among them that no program of the SDK provokes by itself: it asks for a queue by its name as an id, and for what it deleted. */
  unexpectedRefusals(): string[] {
    const usual = /^(queues\.get_by_id: 400\/701|tasks\.get_by_id: 400\/101|models\.get_by_id: 400\/201|projects\.create: 400\/801)/;
    return [...new Set(this.refusals())].filter((refusal) => !usual.test(refusal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running.values());
    await this.#proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #placed<T>(work: () => Promise<T>): Promise<T> {
    if (this.#places === 0) await new Promise<void>((free) => this.#waiting.push(free));
    else this.#places -= 1;
    return await work().finally(() => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#places += 1;
      else next();
    });
  }

  /** In a folder of its own outside the checkout, so that the SDK records the program and not this repository. */
  async #program(name: string): Promise<Ended> {
    const folder = join(this.folder, name);
    await cp(PROGRAMS, folder, { recursive: true });
    return await this.#spawn(this.python, [join(folder, `${name}.py`)], folder);
  }

  async #spawn(program: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const home = join(cwd, "home");
    await mkdir(home, { recursive: true });
    const child = spawn(program, args, { cwd, env: this.#environment({ HOME: home, ...env }), stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
    const timer = setTimeout(() => child.kill("SIGKILL"), 150_000);
    const [code, signal] = (await once(child, "close").finally(() => clearTimeout(timer))) as [number | null, string | null];
    const line = /^done (.*)$/m.exec(output)?.[1];
    return { code: code ?? -1, output: signal === null ? output : `${output}\nended by ${signal}`, said: line && JSON.parse(line) };
  }

  #environment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const path = `${this.#bin}:${process.env["PATH"] ?? ""}`;
    const server = { CLEARML_CONFIG_FILE: join(this.folder, "clearml.conf"), CLEARML_API_HOST: this.#proxy.url };
    return { ...plainEnvironment(), PATH: path, MPLBACKEND: "agg", PYTHONUNBUFFERED: "1", ...server, ...extra };
  }
}

const isRefusal = (passed: Passed): boolean => passed.refusal !== undefined;

/** In a mocha hook: without Python's venv the tests are skipped and say why; with WINDLASS_REQUIRE_SDK (in CI) that is a failure. */
export function requirePython(test: Mocha.Context): void {
  try {
    execFileSync("python3", ["-c", "import venv, ensurepip"], { stdio: "ignore" });
  } catch {
    if (process.env["WINDLASS_REQUIRE_SDK"] !== undefined) throw new Error("python3 with venv is missing, and WINDLASS_REQUIRE_SDK is set");
    process.stdout.write("    python3 with venv (apt install python3-venv) is missing: these tests are skipped\n");
    test["skip"]();
  }
}
