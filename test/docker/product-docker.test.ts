import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { baseImage, requireDocker } from "../support/docker.ts";
import { eventually, Product } from "../support/product.ts";
import { makeRepository } from "../support/repository.ts";
import { QUEUE, scenarios } from "../support/scenarios.ts";

describe("the product, with Docker", () => {
  before(requireDocker);

  describe("one agent", () => scenarios({ name: "docker", daemonArgs: async () => ["--docker", await baseImage()] }));

  describe("what only a container has", () => {
    let product: Product;
    before(async function () {
      this.timeout(60_000);
      product = await Product.start();
      await product.startDaemon({ queues: [QUEUE], args: ["--docker", await baseImage()], name: "only" });
    });
    after(async function () {
      this.timeout(60_000);
      await product?.[Symbol.asyncDispose]();
    });

    const plain = (diff: string, container: object): object => ({ script: { entry_point: "main.py", diff, binary: "python3" }, container });

    it("runs a set-up script of several lines and constructs, once", async function () {
      this.timeout(120_000);
      const setup =
        'set -e\nif true; then\n  for n in 1 2 3; do\n    echo "step $n" >> /made-by-setup\n  done\nfi\ncat <<EOF >> /made-by-setup\nthe end\nEOF\n';
      const fields = plain("print(open('/made-by-setup').read())\n", { image: await baseImage(), setup_shell_script: setup });
      const first = await product.run(QUEUE, fields);
      expect(await product.consoleOf(first.id)).to.contain("step 1\nstep 2\nstep 3\nthe end");
      const second = await product.run(QUEUE, fields);
      expect(await product.consoleOf(second.id)).to.match(/environment hit/);
    });

    it("gives the container the task's arguments, as docker would", async function () {
      this.timeout(60_000);
      const args = "-e COLOUR=green --memory 512m --shm-size=128m --hostname never -w /tmp".replace("--hostname never ", "");
      const task = await product.run(
        QUEUE,
        plain("import os\nprint(os.environ['COLOUR'], os.statvfs('/dev/shm').f_blocks * os.statvfs('/dev/shm').f_frsize)\n", {
          image: await baseImage(),
          arguments: args,
        }),
      );
      expect(await product.consoleOf(task.id)).to.contain(`green ${128 * 2 ** 20}`);
    });

    const BAD: readonly { what: string; cause: string; container: object; diff: string }[] = [
      {
        what: "an image that does not exist",
        cause: "failed/image",
        container: { image: "windlass-nowhere.invalid/none:1" },
        diff: "print(1)\n",
      },
      {
        what: "a set-up script that fails",
        cause: "failed/environment-setup-script",
        container: { setup_shell_script: "echo before\nfalse || exit 7\n" },
        diff: "print(1)\n",
      },
      {
        what: "an unknown docker flag",
        cause: "failed/container-arguments",
        container: { arguments: "--no-such-flag 1" },
        diff: "print(1)\n",
      },
      {
        what: "a program killed for memory",
        cause: "failed/oom",
        container: { arguments: "--memory 64m --memory-swap 64m" },
        diff: "x = []\nwhile True: x.append(bytearray(1 << 20))\n",
      },
    ];
    for (const bad of BAD) {
      it(`names the cause of ${bad.what}`, async function () {
        this.timeout(120_000);
        const task = await product.run(QUEUE, plain(bad.diff, { image: await baseImage(), ...bad.container }));
        expect(task.status, await product.consoleOf(task.id)).to.equal("failed");
        expect(`${task.status_reason} ${task.status_message}`).to.contain(bad.cause);
      });
    }

    it("leaves no container behind", async () => {
      const { id } = JSON.parse(await readFile(join(product.folder, "state-only/agent.json"), "utf8")) as { id: string };
      await eventually(
        "no container is left",
        async () => execFileSync("docker", ["ps", "-aq", "--filter", `label=windlass.agent=${id}`]).toString() === "",
      );
    });
  });

  it("as an agent that is not root, removes what a container wrote as root", async function () {
    if (process.getuid?.() !== 0) throw new Error("this test changes to another user and needs root");
    this.timeout(120_000);
    await using product = await Product.start();
    const state = join(product.folder, "state-plain");
    await mkdir(state);
    await chown(state, 65534, dockerGroup());
    await chmod(product.folder, 0o755);
    await chmod(join(product.folder, "server"), 0o755);
    await chmod(product.configPath, 0o644);
    const repository = await makeRepository({
      "main.py":
        "import os\nos.makedirs('made/deep')\nopen('made/deep/by-root', 'w').write('x')\nos.chmod('made/deep', 0o700)\nprint(os.getuid())\n",
    });
    execFileSync("chown", ["-R", "65534", repository.url]);
    await product.startDaemon({
      queues: [QUEUE],
      args: ["--docker", await baseImage()],
      uid: 65534,
      gid: dockerGroup(),
      stateFolder: state,
      env: { HOME: state },
    });
    const task = await product.run(QUEUE, {
      script: { repository: repository.url, branch: "main", entry_point: "main.py", binary: "python3" },
    });
    expect(task.status, await product.consoleOf(task.id)).to.equal("completed");
    await eventually("the workspace is gone", async () => {
      const runs = await readdir(join(state, "runs")).catch(() => []);
      const left = await Promise.all(runs.map((run) => readdir(join(state, "runs", run)).catch(() => [])));
      return !left.flat().includes("workspace");
    });
  });
});

function dockerGroup(): number {
  const group = execFileSync("stat", ["-c", "%g", "/var/run/docker.sock"]).toString().trim();
  return Number(group);
}
