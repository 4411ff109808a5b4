import { execFile, spawn } from "node:child_process";
import { appendFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { Queues } from "../../api/queues.ts";
import { Session } from "../../api/session.ts";

import type { AgentUnderTest } from "../chaos/agent-under-test.ts";
import { leftoversOf } from "../chaos/leftovers.ts";
import { enqueueWork, type Work } from "../chaos/work.ts";
import { faultsOfAll } from "../chaos/work-check.ts";
import { World } from "../chaos/world.ts";
import { type Fault, loseNext } from "../support/fault-plans.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { eventually } from "../support/product.ts";

const run = promisify(execFile);
const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };

/** A line that says where the evidence is. */
const EVIDENCE = 1;

describe("the chaos rig", () => {
  let world: World;
  let agent: AgentUnderTest;
  let work: Work;

  before(async function () {
    this.timeout(60_000);
    world = await World.start();
    agent = await world.agent({ name: "watched", engine: "process" });
    await agent.startReady();
    work = await enqueueWork(world, { engine: "process", name: "work", ending: "completed", lines: 5, pauseMs: 1 });
    await world.product.ended(work.id);
    await eventually("nothing is left", async () => (await leftoversOf(agent)).length === 0);
  });

  after(async function () {
    this.timeout(60_000);
    await world?.[Symbol.asyncDispose]();
  });

  describe("looks at an agent, and", () => {
    afterEach(async () => expect(await leftoversOf(agent)).to.deep.equal([]));

    it("finds a stray process of a run, also one that left its session", async () => {
      const [claim = ""] = await readdir(join(agent.stateFolder, "runs"));
      const stray = spawn("sleep", ["60"], { env: { WINDLASS_RUN: claim }, detached: true });
      await eventually("it is found", async () =>
        (await leftoversOf(agent)).some((what) => what.includes("process") && what.includes("sleep")),
      );
      stray.kill("SIGKILL");
      await eventually("it is gone", async () => (await leftoversOf(agent)).length === 0);
    });

    const PATHS: Readonly<Record<string, string>> = {
      workspace: "runs/0123/workspace/file",
      lock: "mirrors/some.lock",
      "journal record": "journal/0123.json",
      "temporary file": "tmp/half-made",
    };
    for (const [kind, path] of Object.entries(PATHS))
      it(`finds a ${kind}`, async () => {
        const file = join(agent.stateFolder, path);
        await mkdir(join(file, ".."), { recursive: true });
        await writeFile(file, "");
        expect((await leftoversOf(agent)).join()).to.contain(kind);
        await rm(path.startsWith("runs/") ? join(agent.stateFolder, "runs/0123") : file, { recursive: true });
      });

    it("finds a container", async function () {
      const [image] = (await run("docker", ["images", "-q"]).catch(() => ({ stdout: "" }))).stdout.split("\n");
      if (image === undefined || image === "") return this.skip();
      const { stdout } = await run("docker", ["create", "--label", `windlass.agent=${await agent.id()}`, image, "true"]);
      const found = await leftoversOf(agent);
      await run("docker", ["rm", stdout.trim()]);
      expect(found.join()).to.contain("container");
    });
  });

  it("finds nothing wrong with work that went well, then a second run of it, then a line that is there twice", async () => {
    expect(await faultsOfAll(world, [work])).to.deep.equal([]);
    await appendFile(world.ledgerPath, "work start\n");
    expect(await faultsOfAll(world, [work])).to.have.length(1 + EVIDENCE);
    const again = { type: "log", task: work.id, worker: "nobody", level: "info", msg: "line 000004\n", timestamp: Date.now() } as const;
    await world.product.events.add([again]);
    expect(await faultsOfAll(world, [work])).to.have.length(2 + EVIDENCE);
  });

  describe("has a proxy that", () => {
    let proxy: FaultProxy;
    let queues: Queues;
    let count = 0;

    before(async () => {
      proxy = await world.proxy();
      const { apiServer } = new Session({ apiServer: proxy.url, credentials: { token: "" } });
      const token = await world.product.session.issueToken(3600);
      queues = new Queues(new Session({ apiServer, credentials: { token } }));
    });

    const CASES: readonly { fault: Fault; isDone: boolean; status: number | undefined }[] = [
      { fault: { kind: "swallow" }, isDone: true, status: 0 },
      { fault: { kind: "cut" }, isDone: true, status: 0 },
      { fault: { kind: "drop" }, isDone: false, status: 0 },
      { fault: { kind: "bad-gateway" }, isDone: false, status: 502 },
      { fault: { kind: "bad-gateway-after" }, isDone: true, status: 502 },
      { fault: { kind: "too-many", retryAfterSec: 1 }, isDone: false, status: 429 },
      { fault: { kind: "delay", delayMs: 100 }, isDone: true, status: undefined },
    ];
    for (const { fault, isDone, status } of CASES)
      it(`can ${fault.kind}: the work is ${isDone ? "" : "not "}done`, async () => {
        const name = `queue-${count++}`;
        proxy.plan = () => fault;
        const error: unknown = await queues.create(name, { retry: ONCE }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect((error as { status?: number } | undefined)?.status).to.equal(status);
        expect((await world.product.queues.all()).some((queue) => queue.name === name)).to.equal(isDone);
      });

    it("loses one answer only", async () => {
      proxy.plan = loseNext("queues.create");
      const failed = await queues.create("once", { retry: ONCE }).then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
      await queues.create("twice", { retry: ONCE });
    });

    it("makes our server wait like ClearML's own: not at all", async () => {
      proxy.plan = () => undefined;
      proxy.plainClearml = true;
      const id = await world.product.ensureQueue("empty");
      const start = Date.now();
      expect((await queues.peek([id], 1, 5_000, { retry: ONCE })).waited).to.equal(false);
      expect(Date.now() - start).to.be.lessThan(1_000);
    });
  });
});
