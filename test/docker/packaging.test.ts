import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { packedCommand } from "../../bench/packed.ts";
import { agentImage, nodeBase } from "../support/agent-image.ts";
import { baseImage, docker, importDebian, requireDocker } from "../support/docker.ts";
import { eventually, Product } from "../support/product.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAM = { script: { entry_point: "hello.py", diff: "print('hello from the package')\n", binary: "python3" } };
/** The bridge's own address: reachable from this machine and from containers. */
const BRIDGE_HOST = "172.17.0.1";

describe("what is shipped", () => {
  before(requireDocker);

  it("installs from its tarball in an empty folder and runs a task", async function () {
    this.timeout(240_000);
    const command = await packedCommand();
    await using product = await Product.start({ command });
    await product.startDaemon({ queues: ["default"] });
    const task = await product.run("default", PROGRAM);
    expect(task.status).to.equal("completed");
    expect(await product.consoleOf(task.id)).to.contain("hello from the package");
  });

  it("runs as a container with the engine's socket, and its tasks in containers beside it", async function () {
    this.timeout(600_000);
    const image = await agentImage();
    await using product = await Product.start();
    await product.ensureQueue("beside");
    const state = await mkdtemp(join(tmpdir(), "windlass-agent-state-"));
    const keys = await product.newKeys();
    const container = await docker(
      "run",
      "-d",
      "--network",
      "host",
      "-v",
      "/var/run/docker.sock:/var/run/docker.sock",
      "-v",
      `${state}:${state}`,
      "-e",
      `CLEARML_API_HOST=${product.apiUrl}`,
      "-e",
      `CLEARML_API_ACCESS_KEY=${keys.accessKey}`,
      "-e",
      `CLEARML_API_SECRET_KEY=${keys.secretKey}`,
      image,
      "--queue",
      "beside",
      "--state",
      state,
      "--docker",
      await baseImage(),
    );
    try {
      const task = await product.run("beside", PROGRAM, 120_000);
      expect(task.status, `${await product.consoleOf(task.id)}\n${await docker("logs", container)}`).to.equal("completed");
      expect(await product.consoleOf(task.id)).to.contain("hello from the package");
    } finally {
      await docker("rm", "-f", container);
      await rm(state, { recursive: true, force: true });
    }
  });

  it("runs as a service under a real systemd", async function () {
    this.timeout(600_000);
    const image = await systemdImage();
    await using product = await Product.start({ serverHost: BRIDGE_HOST });
    await product.ensureQueue("service");
    const keys = await product.newKeys();
    const container = await docker(
      "run",
      "-d",
      "-t",
      "-e",
      "container=docker",
      "--cap-add",
      "SYS_ADMIN",
      "--tmpfs",
      "/run",
      "--tmpfs",
      "/run/lock",
      "-v",
      "/sys/fs/cgroup:/sys/fs/cgroup:rw",
      image,
      "/sbin/init",
    );
    try {
      await eventually(
        "systemd is up",
        async () =>
          /running|degraded/.test(
            await docker("exec", container, "systemctl", "is-system-running").catch((error: { stdout?: string }) => error.stdout ?? ""),
          ),
        60_000,
      );
      const config = `server:\n  api: ${product.apiUrl}\n  access_key: ${keys.accessKey}\n  secret_key: ${keys.secretKey}\nagent:\n  queues: [service]\n`;
      await docker(
        "exec",
        container,
        "sh",
        "-c",
        `mkdir -p /etc/windlass && printf '%s' "$0" > /etc/windlass/agent.config.yaml && systemctl start windlass`,
        config,
      );
      const task = await product.run("service", PROGRAM, 120_000).catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${await docker("exec", container, "journalctl", "--no-pager", "-u", "windlass")}`);
      });
      expect(task.status, await product.consoleOf(task.id)).to.equal("completed");
      const doctor = await docker("exec", container, "windlass", "doctor");
      expect(doctor).to.match(/^OK {3}other agent: process \d+ runs/m);
      expect(doctor).to.match(/^WARN service: active, disabled, 0 restarts \(system\)\n {5}→ .*systemctl enable windlass/m);
      await docker("exec", container, "systemctl", "stop", "windlass");
      expect(await docker("exec", container, "systemctl", "show", "-p", "Result", "--value", "windlass")).to.equal("success");
    } finally {
      await docker("rm", "-f", container);
    }
  });
});

async function systemdImage(): Promise<string> {
  const tag = "windlass-test-systemd:bookworm";
  const there = await docker("image", "inspect", tag).then(
    () => true,
    () => false,
  );
  if (!there) await importDebian(tag, ["systemd", "systemd-sysv", "dbus", "python3", "python3-venv", "git", "ca-certificates"]);
  const base = await nodeBase(tag, "windlass-test-systemd-node:bookworm");
  const folder = await mkdtemp(join(tmpdir(), "windlass-image-"));
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT });
  await cp(join(ROOT, "systemd/windlass.service"), join(folder, "windlass.service"));
  const lines = [
    `FROM ${base}`,
    "COPY *.tgz /opt/",
    "RUN npm install --global --omit=dev /opt/*.tgz",
    "COPY windlass.service /etc/systemd/system/windlass.service",
    "RUN test -x /usr/local/bin/windlass",
  ];
  await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
  await run("docker", ["build", "-q", "-t", "windlass-test-service", folder], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    maxBuffer: 64 * 2 ** 20,
  });
  await rm(folder, { recursive: true });
  return "windlass-test-service";
}
