import { mkdir, mkdtemp, readdir, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { CheckResult } from "../../agent/doctor/check.ts";
import { holdFileLock } from "../../base/file-lock.ts";
import { eventually, Product } from "../support/product.ts";
import { windlass } from "../support/windlass-command.ts";

/** What `windlass doctor --json` says, by the names of the checks. */
async function doctor(
  product: Product,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; checks: Record<string, CheckResult> }> {
  const { code, output } = await product.windlass(["doctor", "--json", "--state", join(product.folder, "state-doctor"), ...args], env);
  const { checks } = JSON.parse(output) as { checks: CheckResult[] };
  return { code, checks: Object.fromEntries(checks.map((check) => [check.id, check])) };
}

describe("windlass doctor", function () {
  this.timeout(60_000);
  let product: Product;
  before(async () => {
    product = await Product.start();
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
  });

  it("finds everything well where tasks run, and has run one", async () => {
    const { code, checks } = await doctor(product, []);
    expect(Object.values(checks).filter((check) => check.status === "fail")).to.deep.equal([]);
    expect(code).to.equal(0);
    expect(checks["run"]?.status).to.equal("ok");
    expect(checks["run: server"]?.detail).to.contain("is reached from inside");
    expect(Object.values(checks).every((check) => check.status === "ok" || check.cure !== undefined)).to.equal(true);
  });

  it("speaks to people in one line each, with the cure below", async () => {
    const { code, output } = await product.windlass(["doctor", "--queue", "nowhere", "--state", join(product.folder, "state-doctor")]);
    expect(code).to.equal(1);
    expect(output).to.match(/^OK {3}server: /m);
    expect(output).to.match(/^FAIL queues: there is no queue nowhere\n {5}→ Make it/m);
    expect(output).to.match(/1 failed: queues\n$/);
  });

  it("does not disturb the agent that runs on the state folder", async () => {
    const daemon = await product.startDaemon({ queues: ["beside"], stateFolder: join(product.folder, "state-doctor") });
    const { code, checks } = await doctor(product, ["--queue", "beside"]);
    expect(code).to.equal(0);
    expect(checks["other agent"]?.detail).to.contain(`process ${daemon.child.pid}`);
    const task = await product.run("beside", { script: { entry_point: "a.py", diff: "print(1)\n", binary: "python3" } });
    expect(task.status).to.equal("completed");
  });

  it("tells a server that is not there from one that refuses the keys and one that is no API", async () => {
    const gone = await doctor(product, [], { CLEARML_API_HOST: "http://127.0.0.1:9" });
    expect(gone.checks["server"]).to.include({ status: "fail" });
    expect(gone.checks["credentials"]?.status).to.equal("skipped");
    expect(gone.checks["run"]?.status).to.equal("ok");
    expect(gone.code).to.equal(1);
    const refused = await doctor(product, [], { CLEARML_API_ACCESS_KEY: "A", CLEARML_API_SECRET_KEY: "B" });
    expect(refused.checks["credentials"]?.detail).to.contain("does not accept them");
    expect(refused.checks["credentials"]?.cure).to.contain("windlass init");
  });

  it("sees a clock that is off, and a page that is not the API's", async () => {
    const odd = createServer((request, answer) => {
      answer.setHeader("date", new Date(Date.now() - 600_000).toUTCString());
      answer.end(request.url?.startsWith("/web") === true ? "<html>" : '{"meta":{"result_code":200},"data":{}}');
    });
    await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
    try {
      const late = await doctor(product, [], { CLEARML_API_HOST: url });
      expect(late.checks["clock"]).to.include({ status: "fail" });
      expect(late.checks["clock"]?.detail).to.match(/this machine is (9|10) min .* ahead of the server/);
      const page = await doctor(product, [], { CLEARML_API_HOST: `${url}/web` });
      expect(page.checks["server"]?.detail).to.contain("not as a ClearML API server");
    } finally {
      odd.close();
    }
  });

  it("that was killed leaves nothing that a clean-up does not remove, and a clean-up leaves one that lives alone", async () => {
    const state = join(product.folder, "state-killed");
    const trialsIn = async (): Promise<string[]> =>
      (await readdir(state).catch(() => [])).filter((name) => name.startsWith("doctor-") && name.endsWith(".lock"));
    const killed = await windlass(["doctor", "--state", state], {
      env: { CLEARML_CONFIG_FILE: product.configPath },
      onStart: (child) =>
        void eventually("its empty run has begun", async () => {
          const [lock] = await trialsIn();
          return lock !== undefined && (await stat(join(state, lock.slice(0, -".lock".length), "runs")).catch(() => undefined));
        }).then(() => child.kill("SIGKILL")),
    });
    expect(killed.code).to.equal(null);
    const living = await holdFileLock(join(state, "doctor-01234567.lock"));
    await mkdir(join(state, "doctor-01234567"));
    expect(await trialsIn()).to.have.length(2);
    const { code, output } = await product.windlass(["gc", "--state", state]);
    expect(output).to.contain("of a windlass doctor that was killed");
    expect(code).to.equal(0);
    expect((await readdir(state)).filter((name) => name.startsWith("doctor-"))).to.have.members([
      "doctor-01234567",
      "doctor-01234567.lock",
    ]);
    if (typeof living === "function") await living();
  });

  it("names the mistake in the configuration, and skips the rest", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "windlass-doctor-")), "agent.config.yaml");
    await writeFile(file, "agent:\n  slotz: 3\n");
    const { code, checks } = await doctor(product, ["--config", file]);
    expect(code).to.equal(1);
    expect(checks["configuration"]?.detail).to.contain("slotz");
    expect(checks["server"]?.status).to.equal("skipped");
  });

  it("finds a state folder that cannot be written, and a Python without venv", async () => {
    const folder = await mkdtemp(join(tmpdir(), "windlass-doctor-"));
    const python = join(folder, "python");
    await writeFile(python, "#!/bin/sh\necho 3.9.9\nexit 1\n", { mode: 0o755 });
    const config = join(folder, "agent.config.yaml");
    await writeFile(config, `process:\n  python: ${python}\n`);
    const { checks } = await doctor(product, ["--config", config, "--state", join(python, "below-a-file")]);
    expect(checks["state folder"]).to.include({ status: "fail" });
    expect(checks["python"]?.detail).to.contain("cannot make virtual environments");
    expect(checks["run"]?.status).to.equal("skipped");
  });
});
