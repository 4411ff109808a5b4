import { execFileSync } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { CheckResult } from "../../agent/doctor/check.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { Product } from "../support/product.ts";

describe("windlass doctor, with Docker", function () {
  this.timeout(120_000);
  let product: Product;
  before(async function () {
    requireDocker.call(this);
    product = await Product.start();
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
  });

  const doctor = async (args: readonly string[], env = {}): Promise<{ code: number; checks: Record<string, CheckResult> }> => {
    const { code, output } = await product.windlass(["doctor", "--json", "--state", join(product.folder, "state-doctor"), ...args], env);
    const { checks } = JSON.parse(output) as { checks: CheckResult[] };
    return { code, checks: Object.fromEntries(checks.map((check) => [check.id, check])) };
  };
  const file = async (text: string): Promise<string> => {
    const path = join(await mkdtemp(join(tmpdir(), "windlass-doctor-")), "agent.config.yaml");
    await writeFile(path, text);
    return path;
  };

  it("runs an empty container, which reaches a server on loopback, and leaves nothing behind", async () => {
    const { code, checks } = await doctor(["--docker", await baseImage()]);
    expect(Object.values(checks).filter((check) => check.status === "fail")).to.deep.equal([]);
    expect(code).to.equal(0);
    expect(checks["buildkit"]?.status).to.equal("ok");
    expect(checks["run: server"]?.detail).to.match(/which leads to .* is reached from inside/);
    const left = execFileSync("docker", ["ps", "-aq", "--filter", "label=windlass.run"]).toString();
    const ours = left.split("\n").filter((id) => id !== "" && execFileSync("docker", ["inspect", id]).toString().includes("doctor-"));
    expect(ours).to.deep.equal([]);
    expect(execFileSync("docker", ["images", "-q", "windlass-doctor"]).toString()).to.equal("");
  });

  it("sees that containers do not reach the server", async () => {
    const config = await file("docker:\n  extra_arguments: --network none\n");
    const { code, checks } = await doctor(["--docker", await baseImage(), "--config", config]);
    expect(code).to.equal(1);
    expect(checks["server"]?.status).to.equal("ok");
    expect(checks["run"]?.status).to.equal("ok");
    expect(checks["run: server"]).to.include({ status: "fail" });
    expect(checks["run: server"]?.cure).to.contain("address that containers reach");
  });

  it("names an image that cannot be had, and an engine that is not there", async () => {
    const noImage = await doctor(["--docker", "windlass-nowhere.invalid/none:1"]);
    expect(noImage.checks["image"]).to.include({ status: "fail" });
    expect(noImage.checks["run"]?.status).to.equal("skipped");
    const noEngine = await doctor(["--docker", "a"], { DOCKER_HOST: "unix:///nowhere/docker.sock" });
    expect(noEngine.checks["engine"]).to.include({ status: "fail" });
    expect(noEngine.checks["engine"]?.cure).to.contain("systemctl start docker");
    expect(noEngine.checks["image"]?.status).to.equal("skipped");
  });
});
