import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { eventually, Product } from "../support/product.ts";

/** An engine of the test's own, in a network of its own, that may be restarted as often as one likes. */
class OwnEngine {
  readonly folder: string;
  #process: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<OwnEngine> {
    const engine = new OwnEngine(await mkdtemp(join(tmpdir(), "windlass-engine-")));
    await engine.begin();
    return engine;
  }

  get socket(): string {
    return join(this.folder, "sock");
  }

  async begin(): Promise<void> {
    const at = (name: string): string => join(this.folder, name);
    const network = ["--bridge=none", "--iptables=false", "--ip-masq=false", "--ip-forward=false"];
    const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid"), "-H", `unix://${this.socket}`];
    this.#process = spawn("unshare", ["--net", "--mount", "dockerd", ...places, ...network], {
      stdio: ["ignore", "ignore", openSync(at("log"), "a")],
    });
    await eventually("the engine answers", () =>
      this.docker("info").then(
        () => true,
        () => false,
      ),
    );
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    this.#process?.kill(signal);
    await ended;
    if (signal === "SIGKILL") await this.#endContainerd();
  }

  async docker(...args: readonly string[]): Promise<string> {
    return await docker("-H", `unix://${this.socket}`, ...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = (await this.docker("ps", "-aq").catch(() => "")).split("\n").filter((id) => id !== "");
    if (left.length > 0) await this.docker("rm", "-f", ...left);
    await this.end("SIGTERM");
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
  }

  /** An engine that is killed leaves its containerd running, and both pid files. */
  async #endContainerd(): Promise<void> {
    const pidFile = join(this.folder, "exec/containerd/containerd.pid");
    process.kill(Number(await readFile(pidFile, "utf8")), "SIGTERM");
    await pause(500);
    for (const file of [pidFile, join(this.folder, "pid")]) await rm(file, { force: true });
  }
}

describe("a restart of the engine", () => {
  let engine: OwnEngine;
  let image: string;

  before(async function () {
    requireDocker.call(this);
    if (process.getuid?.() !== 0) throw new Error("this test starts an engine of its own and needs root");
    this.timeout(180_000);
    engine = await OwnEngine.start();
    image = await baseImage();
    const archive = join(engine.folder, "image.tar");
    await docker("save", "-o", archive, image);
    await engine.docker("load", "-i", archive);
    await rm(archive);
  });
  after(async function () {
    this.timeout(60_000);
    await engine?.[Symbol.asyncDispose]();
  });

  /** A program that is long the first time, and short when it runs again. */
  async function runThrough(signal: "SIGTERM" | "SIGKILL", onLost: "fail" | "requeue"): Promise<{ status: string; console: string }> {
    await using product = await Product.start();
    const config = join(product.folder, "agent.config.yaml");
    const ledger = join(product.folder, "ledger");
    await writeFile(ledger, "");
    await writeFile(
      config,
      `docker: { host: "${engine.socket}", extra_arguments: "--network host -v ${ledger}:/ledger" }\nrun: { on_lost: ${onLost} }\n`,
    );
    await product.startDaemon({ queues: ["default"], args: ["--docker", image, "--config", config] });
    const diff =
      'import time\nopen("/ledger", "a").write("x")\nfor n in range(3 if len(open("/ledger").read()) > 1 else 600):\n    print("tick", n, flush=True)\n    time.sleep(0.1)\n';
    const id = await product.enqueue("default", { script: { entry_point: "long.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("tick 5"));
    await engine.end(signal);
    await engine.begin();
    const task = await product.ended(id, 60_000);
    await eventually("no container is left", async () => (await engine.docker("ps", "-aq")) === "");
    return { status: `${task.status} ${task.status_reason}`, console: await product.consoleOf(id) };
  }

  for (const signal of ["SIGTERM", "SIGKILL"] as const)
    it(`by ${signal} in the middle of a run is recognised and named`, async function () {
      this.timeout(120_000);
      expect((await runThrough(signal, "fail")).status).to.contain("failed lost/engine-restart");
    });

  it("queues the task again where the policy says so, and it runs to its end", async function () {
    this.timeout(120_000);
    const { status, console } = await runThrough("SIGTERM", "requeue");
    expect(status).to.contain("completed");
    expect(console).to.contain("lost/engine-restart").and.to.contain("the task is queued again");
  });
});
