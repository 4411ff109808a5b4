import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { openControlSocket } from "../../agent/control/control-socket.ts";
import { createLogger, silentLogger } from "../../base/logger.ts";
import { agentStatus } from "../../cli/agent-socket.ts";
import { FakeAgent, runOf } from "../support/fake-agent.ts";
import { eventually, ProgramProcess } from "../support/product.ts";

const TASK = "1234567890abcdef1234567890abcdef";

interface Raw {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

function ask(folder: string, method: string, path: string, body?: string): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: join(folder, "agent.sock"), method, path }, async (answer) =>
      resolve({ status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) as Record<string, unknown> }),
    );
    asking.on("error", reject);
    asking.end(body);
  });
}

async function windlass(...args: string[]): Promise<{ code: number; output: string }> {
  const child = new ProgramProcess({}, args, { NO_COLOR: "1", WINDLASS_CONFIG: "" });
  return { code: await child.ended, output: child.output };
}

describe("the agent's local socket", function () {
  this.timeout(60_000);
  let folder = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "windlass-control-"));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("is for its user only, answers with the snapshot, and is gone with the agent", async () => {
    const agent = new FakeAgent();
    const socket = await openControlSocket(folder, agent, silentLogger);
    expect((await stat(join(folder, "agent.sock"))).mode & 0o777).to.equal(0o600);
    expect((await ask(folder, "GET", "/status")).body).to.deep.equal(JSON.parse(JSON.stringify(agent.shown)));
    await socket[Symbol.asyncDispose]();
    expect(existsSync(join(folder, "agent.sock"))).to.equal(false);
  });

  it("pauses, resumes and drains, and says no to what a drain forbids", async () => {
    const agent = new FakeAgent();
    await using _socket = await openControlSocket(folder, agent, silentLogger);
    expect((await ask(folder, "POST", "/pause")).body["state"]).to.equal("paused");
    expect((await ask(folder, "POST", "/resume")).body["state"]).to.equal("running");
    expect((await ask(folder, "POST", "/drain")).body["state"]).to.equal("draining");
    agent.show({ state: "starting" });
    expect((await ask(folder, "POST", "/pause")).body["error"]).to.contain("starting");
    agent.show({ state: "draining" });
    const refused = await ask(folder, "POST", "/resume");
    expect(refused.status).to.equal(409);
    expect(refused.body["error"]).to.contain("draining");
    expect(agent.shown.state).to.equal("draining");
  });

  it("answers what it cannot do with a sentence", async () => {
    await using _socket = await openControlSocket(folder, new FakeAgent(), silentLogger);
    const asked = async (method: string, path: string, body?: string): Promise<string> => {
      const { status, body: answer } = await ask(folder, method, path, body);
      return `${status} ${String(answer["error"])}`;
    };
    expect(await asked("GET", "/nothing")).to.equal("404 there is nothing at /nothing");
    expect(await asked("GET", "/drain")).to.equal("405 /drain is asked with POST");
    expect(await asked("POST", "/pause", "x")).to.equal("400 a request has no body here");
    expect(await asked("GET", "/why/..%2f..%2fetc")).to.equal("400 that is not the id of a task");
    expect(await asked("GET", "/%zz")).to.equal("400 the path cannot be read");
    expect(await asked("GET", "/constructor")).to.contain("404");
  });

  it("says what it knows about a task", async () => {
    const agent = new FakeAgent({ slots: [{ worker: "fake:0", gpus: "all", run: runOf(TASK) }] });
    await using _socket = await openControlSocket(folder, agent, silentLogger);
    const { body } = await ask(folder, "GET", `/why/${TASK}`);
    expect(body["run"]).to.include({ task: TASK, worker: "fake:0", phase: "run" });
    agent.held = "other";
    expect((await ask(folder, "GET", "/why/other")).body["heldBack"]).to.equal("it failed here");
    expect((await ask(folder, "GET", "/why/other")).body).not.to.have.property("run");
  });

  it("replaces the socket of a dead agent", async () => {
    const dead = new ProgramProcess(
      {
        command: [
          process.execPath,
          "-e",
          `require("net").createServer().listen(${JSON.stringify(join(folder, "agent.sock"))},()=>console.log("on"))`,
        ],
      },
      [],
      {},
    );
    await dead.waitFor(/on/);
    dead.child.kill("SIGKILL");
    await dead.ended;
    expect((await windlass("status", "--state", folder)).output).to.contain(`no agent runs on the state folder ${folder}`);
    await using _socket = await openControlSocket(folder, new FakeAgent(), silentLogger);
    expect((await agentStatus(folder)).name).to.equal("fake");
  });

  it("works in a folder whose path is longer than a socket's address may be", async () => {
    const deep = join(folder, "a-rather-long-name-of-a-folder".repeat(4), "and-one-more-below-it");
    await mkdir(deep, { recursive: true });
    await using _socket = await openControlSocket(deep, new FakeAgent(), silentLogger);
    expect((await stat(join(deep, "agent.sock"))).mode & 0o777).to.equal(0o600);
    expect((await agentStatus(deep)).name).to.equal("fake");
    expect((await windlass("status", "--state", deep)).output).to.contain("0 of 1 busy");
  });

  /** Connections that begin a question and never end it; the set holds those that are open. */
  function slowQuestions(many: number): Set<Socket> {
    const open = new Set<Socket>();
    for (let n = 0; n < many; n++) {
      const socket = connect(join(folder, "agent.sock"));
      socket.on("error", () => undefined).on("close", () => open.delete(socket));
      socket.on("connect", () => open.add(socket) && socket.write("GET /status HTTP/1.1\r\nx-slow: "));
    }
    return open;
  }

  it("answers while a thousand connections say nothing, and closes them in time", async () => {
    await using _socket = await openControlSocket(folder, new FakeAgent(), silentLogger);
    const open = slowQuestions(1_000);
    await eventually("they are connected", async () => open.size > 0);
    const { code, output } = await windlass("status", "--state", folder);
    expect(code, output).to.equal(0);
    await eventually("those above the limit are closed", async () => open.size <= 64);
    await eventually("the others are, too, in time", async () => open.size === 0);
    expect((await agentStatus(folder)).name).to.equal("fake");
  });

  for (const [what, question] of [
    ["a line", `GET /${"x".repeat(1_000_000)} HTTP/1.1\r\n`],
    ["a head", `GET /status HTTP/1.1\r\nx-long: ${"x".repeat(1_000_000)}`],
    ["a body", `POST /pause HTTP/1.1\r\nhost: agent\r\ncontent-length: 1000000000\r\n\r\n${"x".repeat(1_000_000)}`],
    ["noise", Buffer.alloc(1_000_000, 0xff)],
  ] as const)
    it(`refuses ${what} without end`, async () => {
      const agent = new FakeAgent();
      await using _socket = await openControlSocket(folder, agent, silentLogger);
      const socket = connect(join(folder, "agent.sock"));
      socket.on("error", () => undefined).on("data", () => undefined);
      socket.write(question);
      await new Promise((resolve) => socket.once("close", resolve));
      expect((await agentStatus(folder)).state).to.equal("running");
    });

  it("outlives who hangs up in the middle of a question, or of an answer", async () => {
    await using _socket = await openControlSocket(folder, new FakeAgent(), silentLogger);
    for (const words of ["", "GET /sta", "GET /status HTTP/1.1\r\nhost: agent\r\n\r\n"])
      for (const hangUp of ["end", "destroy"] as const) {
        const socket = connect(join(folder, "agent.sock"));
        socket.on("error", () => undefined).on("data", () => undefined);
        await new Promise<void>((resolve) => socket.write(words, () => resolve()));
        socket[hangUp]();
        await new Promise((resolve) => socket.once("close", resolve));
      }
    expect((await agentStatus(folder)).name).to.equal("fake");
  });

  it("costs the agent one warning when it cannot be made", async () => {
    const lines: string[] = [];
    const logger = createLogger({ level: "info", format: "text", write: (line) => void lines.push(line) });
    await mkdir(join(folder, "agent.sock.new"));
    await using _one = await openControlSocket(folder, new FakeAgent(), logger);
    await writeFile(join(folder, "file"), "");
    await using _two = await openControlSocket(join(folder, "file"), new FakeAgent(), logger);
    expect(lines.length).to.equal(2);
    for (const line of lines) expect(line).to.contain("warn").and.to.contain("no local socket");
  });

  describe("with the commands that talk to it", () => {
    it("shows status and jobs", async () => {
      const agent = new FakeAgent({
        slots: [
          { worker: "fake:0", gpus: "all", run: runOf(TASK, { adopted: true }) },
          { worker: "fake:1", gpus: "all", run: undefined },
        ],
        outbox: [{ task: "feed".repeat(8), cause: "failed/exit-code", since: Date.now() - 5_000 }],
        notClaiming: "only 1.2 GiB free, 5 GiB wanted",
      });
      await using _socket = await openControlSocket(folder, agent, silentLogger);
      const { code, output } = await windlass("status", "--state", folder);
      expect(code).to.equal(0);
      expect(output).to.contain("1 of 2 busy").and.to.contain("only 1.2 GiB free").and.to.contain("train (taken over)");
      expect(output).to.match(/feed\w+ {2}to report {2}\d/);
      const jobs = JSON.parse((await windlass("jobs", "--state", folder, "--json")).output) as Record<string, { task: string }[]>;
      expect(jobs["running"]?.[0]?.task).to.equal(TASK);
      expect(jobs["reporting"]?.length).to.equal(1);
      expect(JSON.parse((await windlass("status", "--state", folder, "--json")).output)).to.have.property("agentId");
    });

    it("watches until the agent ends", async () => {
      const agent = new FakeAgent();
      const socket = await openControlSocket(folder, agent, silentLogger);
      const watching = new ProgramProcess({}, ["status", "--watch", "--json", "--state", folder], {});
      await watching.waitFor(/"state":"running"/);
      agent.pause();
      await watching.waitFor(/"state":"paused"/);
      await socket[Symbol.asyncDispose]();
      expect(await watching.ended).to.equal(1);
      expect(watching.output.trim().split("\n").length).to.be.lessThan(6);
    });

    it("pauses, resumes and waits for a drain", async () => {
      const agent = new FakeAgent({ slots: [{ worker: "fake:0", gpus: "all", run: runOf(TASK) }] });
      const socket = await openControlSocket(folder, agent, silentLogger);
      expect((await windlass("pause", "--state", folder)).output).to.equal(
        "fake takes no new tasks until windlass resume; 1 task goes on\n",
      );
      expect(agent.shown.state).to.equal("paused");
      expect((await windlass("resume", "--state", folder)).output).to.equal("fake takes tasks again\n");
      const draining = new ProgramProcess({}, ["drain", "--wait", "--state", folder], {});
      await eventually("the agent drains", async () => agent.shown.state === "draining");
      agent.show({ slots: [{ worker: "fake:0", gpus: "all", run: undefined }] });
      await draining.waitFor(/nothing is left/);
      expect(draining.child.exitCode).to.equal(null);
      await socket[Symbol.asyncDispose]();
      expect(await draining.ended).to.equal(0);
      expect(draining.output).to.contain("fake has ended");
      const refused = await windlass("pause", "--state", folder);
      expect(refused).to.deep.equal({
        code: 1,
        output: `windlass: no agent runs on the state folder ${folder}\n  Start one (windlass daemon), or name the folder of the one you mean with --state.\n`,
      });
    });

    it("says what is wrong when something else answers, or nothing does", async () => {
      const silent = createServer((socket) => void socket.on("error", () => undefined));
      await new Promise<void>((resolve) => silent.listen(join(folder, "agent.sock"), resolve));
      const { code, output } = await windlass("status", "--state", folder);
      silent.close();
      expect(code).to.equal(1);
      expect(output).to.contain("does not answer").and.to.contain("journalctl");
    });
  });
});
