import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { newId } from "../../base/ids.ts";
import { AgentContainer } from "../support/agent-container.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { agentImage } from "../support/node-image.ts";
import { eventually, Product } from "../support/product.ts";
import { restartsOf } from "../support/restarts.ts";

/** The bridge's own address: reachable from this machine and from containers. */
const BRIDGE_HOST = "172.17.0.1";
const HELLO = { script: { entry_point: "hello.py", diff: "import os\nprint('hello from', os.getcwd())\n", binary: "python3" } };
const RESTARTS = restartsOf(2);
/** Enough for all restarts, two in a second. */
const LINES = 30 + RESTARTS * 10;
const COUNTING = {
  script: {
    entry_point: "count.py",
    diff: `import time\nfor at in range(${LINES}):\n    print('line', at, flush=True)\n    time.sleep(0.5)\n`,
    binary: "python3",
  },
};
const INSIDE = "/var/lib/windlass";

describe("the agent as a container", function () {
  this.timeout(300_000);
  let product: Product;
  let folder: string;
  before(async function () {
    requireDocker.call(this);
    this.timeout(600_000);
    await agentImage();
    product = await Product.start({ serverHost: BRIDGE_HOST });
    folder = await mkdtemp(join(tmpdir(), "windlass-agent-"));
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const withImage = async (): Promise<string[]> => ["--docker", await baseImage()];
  const says = async (task: TaskId, text: string, withinMs = 60_000): Promise<void> => {
    await eventually(`the console says ${text}`, async () => (await product.consoleOf(task)).includes(text), withinMs);
  };
  const linesOf = async (task: TaskId): Promise<number[]> =>
    [...(await product.consoleOf(task)).matchAll(/^line (\d+)$/gm)].map(([, at]) => Number(at));

  const PLACES: readonly { what: string; state: (name: string) => string; run: (name: string) => string[] }[] = [
    {
      what: "mounted at the same path",
      state: (name) => join(folder, name),
      run: (name) => ["-v", `${join(folder, name)}:${join(folder, name)}`],
    },
    { what: "mounted at another path", state: () => INSIDE, run: (name) => ["-v", `${join(folder, name)}:${INSIDE}`] },
    { what: "mounted above it", state: () => "/data/deep/state", run: (name) => ["-v", `${join(folder, name)}:/data`] },
    { what: "in a named volume", state: () => INSIDE, run: (name) => ["-v", `${name}:${INSIDE}`] },
    { what: "in the volume without a name that the image declares", state: () => INSIDE, run: () => [] },
    {
      what: "in a container with the host's network and name",
      state: () => INSIDE,
      run: (name) => ["-v", `${join(folder, name)}:${INSIDE}`, "--network", "host"],
    },
    {
      what: "in a container with a host name of its own",
      state: () => INSIDE,
      run: (name) => ["-v", `${join(folder, name)}:${INSIDE}`, "--hostname", "custom"],
    },
  ];
  for (const { what, state, run } of PLACES) {
    it(`gives the containers of tasks its state folder ${what}`, async () => {
      const name = `windlass-test-${newId().slice(0, 8)}`;
      await using agent = await AgentContainer.start(product, { queue: name, state: state(name), run: run(name), args: await withImage() });
      try {
        const task = await product.run(name, HELLO, 120_000);
        expect(task.status, `${await product.consoleOf(task.id)}\n${await agent.log()}`).to.equal("completed");
        expect(await product.consoleOf(task.id)).to.contain(`hello from ${state(name)}/runs/`);
        if (what.includes("without a name")) expect(await agent.log()).to.contain("lost with this container");
      } finally {
        await agent[Symbol.asyncDispose]();
        await docker("volume", "rm", "-f", name);
      }
    });
  }

  it("ends at its start when containers could not see its state folder", async () => {
    await using agent = await AgentContainer.start(product, { queue: "nowhere", state: "/not/mounted", args: await withImage() });
    expect(await agent.ended()).to.equal(1);
    expect(await agent.log())
      .to.contain("/not/mounted is not on a mount")
      .and.to.contain("-v windlass:/var/lib/windlass");
  });

  it("is looked at by the doctor inside", async () => {
    const state = join(folder, "doctor");
    await using agent = await AgentContainer.start(product, {
      queue: "doctor",
      state: INSIDE,
      run: ["-v", `${state}:${INSIDE}`],
      args: await withImage(),
    });
    await agent.ready();
    const doctor = ["exec", agent.id, "windlass", "doctor", "--queue", "doctor", "--state", INSIDE, "--docker", await baseImage()];
    const output = await docker(...doctor).catch((error: { stdout?: string }) => error.stdout ?? "");
    expect(output).to.match(/^OK {3}other agent: process \d+ runs/m);
    expect(output).to.contain(`OK   mounts: this agent is a container: ${INSIDE} is ${state} outside`);
    expect(output).to.match(/^OK {3}run: server: .* is reached from inside/m);
    expect(output).not.to.contain("FAIL");
  });

  const BLOWS: readonly { what: string; blow: (id: string) => Promise<unknown> }[] = [
    { what: "docker restart -t 0", blow: (id) => docker("restart", "-t", "0", id) },
    { what: "docker kill and docker start", blow: (id) => docker("kill", id).then(() => docker("start", id)) },
  ];
  for (const { what, blow } of BLOWS) {
    it(`goes on with a run in a container over ${what}, ${RESTARTS} times, each line once`, async function () {
      this.timeout(300_000 + RESTARTS * 20_000);
      const name = `windlass-test-${newId().slice(0, 8)}`;
      const run = ["-v", `${join(folder, name)}:${INSIDE}`];
      await using agent = await AgentContainer.start(product, { queue: name, state: INSIDE, run, args: await withImage() });
      const id = await product.enqueue(name, COUNTING);
      await says(id, "line 5\n");
      for (let times = 0; times < RESTARTS; times++) {
        const before = (await linesOf(id)).length;
        await blow(agent.id);
        await eventually("the next agent goes on with the console", async () => (await linesOf(id)).length > before, 60_000);
      }
      expect((await product.tasks.get(id)).status, "the run outlasts all restarts").to.equal("in_progress");
      const task = await product.ended(id, 120_000 + LINES * 500);
      expect(task.status, `${await product.consoleOf(id)}\n${await agent.log()}`).to.equal("completed");
      expect(await linesOf(id)).to.deep.equal(Array.from({ length: LINES }, (_, at) => at));
      expect(await docker("ps", "-aq", "--filter", `label=windlass.task=${id}`)).to.equal("");
    });

    it(`ends a run that was a process inside over ${what}, with that as its cause`, async () => {
      const name = `windlass-test-${newId().slice(0, 8)}`;
      await using agent = await AgentContainer.start(product, {
        queue: name,
        state: INSIDE,
        run: ["-v", `${join(folder, name)}:${INSIDE}`],
      });
      const id = await product.enqueue(name, COUNTING);
      await says(id, "line 5\n");
      await blow(agent.id);
      const task = await product.ended(id, 120_000);
      expect(task.status, `${await product.consoleOf(id)}\n${await agent.log()}`).to.equal("failed");
      expect(task.status_reason).to.contain("lost/agent-container-restart");
      const lines = await linesOf(id);
      expect(lines).to.deep.equal(lines.map((_, at) => at));
    });
  }

  it("goes on with a run when the container is replaced by a new one", async () => {
    const name = `windlass-test-${newId().slice(0, 8)}`;
    const options = { queue: name, state: INSIDE, run: ["-v", `${join(folder, name)}:${INSIDE}`], args: await withImage() };
    const old = await AgentContainer.start(product, options);
    const id = await product.enqueue(name, COUNTING);
    await says(id, "line 5\n");
    await old[Symbol.asyncDispose]();
    await using agent = await AgentContainer.start(product, options);
    const task = await product.ended(id, 120_000 + LINES * 500);
    expect(task.status, `${await product.consoleOf(id)}\n${await agent.log()}`).to.equal("completed");
    expect(await linesOf(id)).to.deep.equal(Array.from({ length: LINES }, (_, at) => at));
  });

  it("ends a run that was a process inside when the container is replaced, with --init, too", async () => {
    const name = `windlass-test-${newId().slice(0, 8)}`;
    const options = { queue: name, state: INSIDE, run: ["--init", "-v", `${join(folder, name)}:${INSIDE}`] };
    const old = await AgentContainer.start(product, options);
    const id = await product.enqueue(name, COUNTING);
    await says(id, "line 5\n");
    await old[Symbol.asyncDispose]();
    await using agent = await AgentContainer.start(product, options);
    const task = await product.ended(id, 120_000);
    expect(task.status_reason, await agent.log()).to.contain("lost/agent-container-restart");
  });

  it("is refused the state folder of an agent in another container that lives, also under the same host name", async () => {
    const name = `windlass-test-${newId().slice(0, 8)}`;
    const options = { queue: name, state: INSIDE, run: ["-v", `${join(folder, name)}:${INSIDE}`, "--network", "host"] };
    await using first = await AgentContainer.start(product, options);
    await first.ready();
    await using second = await AgentContainer.start(product, options);
    expect(await second.ended()).to.equal(1);
    expect(await second.log()).to.contain("uses the state folder");
    expect(await first.running()).to.equal(true);
  });
});
