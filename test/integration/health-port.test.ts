import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { resolve } from "node:path";
import { expect } from "chai";
import { openHealthPort } from "../../agent/health/health-port.ts";
import { systemClock } from "../../base/clock.ts";
import { createLogger, silentLogger } from "../../base/logger.ts";
import { FakeAgent, runOf } from "../support/fake-agent.ts";
import { eventually } from "../support/product.ts";

const OPTIONS = { host: "127.0.0.1", port: 0, version: "1.2.3", heartbeatMs: () => 30_000, logger: silentLogger };

async function get(port: number, path: string): Promise<{ status: number; text: string; type: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: answer.status, text: await answer.text(), type: answer.headers.get("content-type") ?? "" };
}

describe("the health and metrics port", () => {
  it("tells alive from ready, and why not", async () => {
    const agent = new FakeAgent({ server: { url: "http://gone", lastContactAt: Date.now() - 7_200_000 } });
    await using health = await openHealthPort(agent, OPTIONS);
    const port = health.address()?.port ?? 0;
    expect(health.address()?.address).to.equal("127.0.0.1");
    expect(await get(port, "/healthz")).to.include({ status: 200, text: "ok\n" });
    expect(await get(port, "/readyz")).to.include({ status: 200, text: "ok\n" });
    agent.pause();
    expect(await get(port, "/readyz")).to.include({ status: 503, text: "the agent is paused\n" });
    expect((await get(port, "/healthz")).status).to.equal(200);
    agent.show({ state: "running", notClaiming: "disk" });
    expect((await get(port, "/readyz")).status).to.equal(503);
    agent.show({ loops: { claim: Date.now(), heartbeat: Date.now() - 960_000, watch: Date.now() } });
    expect(await get(port, "/healthz")).to.include({ status: 503, text: "the heartbeat loop has not moved for 16 min 0 s\n" });
    expect((await get(port, "/drain")).status).to.equal(404);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`, { method: "POST" })).status).to.equal(405);
  });

  it("answers while many connections say nothing, and closes those", async () => {
    await using health = await openHealthPort(new FakeAgent(), OPTIONS);
    const port = health.address()?.port ?? 0;
    const open = new Set<Socket>();
    for (let n = 0; n < 300; n++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined).on("close", () => open.delete(socket));
      socket.on("connect", () => open.add(socket) && socket.write("GET /healthz HTTP/1.1\r\nx-slow: "));
    }
    await eventually("they are connected", async () => open.size > 0);
    expect(await get(port, "/healthz")).to.include({ status: 200, text: "ok\n" });
    await eventually("all are closed in time", async () => open.size === 0);
  });

  it("shows the agent's figures in Prometheus' text", async () => {
    const now = Date.now();
    const agent = new FakeAgent({ slots: [{ worker: "fake:0", gpus: "all", run: runOf("t") }] });
    agent.show({
      outbox: [{ task: "u", cause: "completed", since: now - 30_000 }],
      counters: {
        ...agent.shown.counters,
        claims: 5,
        outcomes: { completed: 3, "failed/exit-code": 1 },
        waitedSec: { sum: 12.5, count: 5 },
        phaseSec: { run: { sum: 100, count: 4 }, source: { sum: 2, count: 4 } },
      },
    });
    await using health = await openHealthPort(agent, OPTIONS);
    const port = health.address()?.port ?? 0;
    await get(port, "/metrics");
    const { text, type } = await get(port, "/metrics");
    expect(type).to.contain("text/plain").and.to.contain("version=0.0.4");
    for (const line of [
      'windlass_build_info{version="1.2.3",node="',
      'windlass_state{state="running"} 1\n',
      'windlass_state{state="paused"} 0\n',
      "windlass_claiming 1\n",
      "windlass_slots 1\n",
      "windlass_jobs_running 1\n",
      'windlass_jobs_total{cause="completed"} 3\n',
      'windlass_jobs_total{cause="failed/exit-code"} 1\n',
      "windlass_claims_total 5\n",
      "windlass_queue_wait_seconds_total 12.5\n",
      "windlass_queue_waits_total 5\n",
      'windlass_phase_seconds_total{phase="run"} 100\n',
      'windlass_phases_total{phase="source"} 4\n',
      "windlass_outbox_jobs 1\n",
    ])
      expect(text).to.contain(line);
    expect(Number(/^windlass_outbox_oldest_seconds (\S+)$/m.exec(text)?.[1])).to.be.within(30, 40);
    expect(Number(/^windlass_server_contact_age_seconds (\S+)$/m.exec(text)?.[1])).to.be.within(1, 10);
    for (const [, name = "", help = ""] of text.matchAll(/^# HELP (\S+) (.*)$/gm)) expect(help.length, name).to.be.greaterThan(20);
    agent.show({ server: { url: "u", lastContactAt: undefined } });
    expect((await get(port, "/metrics")).text).not.to.match(/^windlass_server_contact_age_seconds \d/m);
  });

  it("shows exactly the metrics that the documentation lists", async () => {
    await using health = await openHealthPort(new FakeAgent(), OPTIONS);
    const { text } = await get(health.address()?.port ?? 0, "/metrics");
    const page = await readFile(resolve(import.meta.dirname, "../../docs/operating.md"), "utf8");
    const listed = [...page.matchAll(/^\| (`(?:windlass|process)_.*?) \|/gm)].flatMap(([, names = ""]) =>
      names.replaceAll("`", "").split(", "),
    );
    expect([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name).toSorted()).to.deep.equal(listed.toSorted());
  });

  it("waits with one warning for a port that another program has", async () => {
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const lines: string[] = [];
    const logger = createLogger({ level: "warn", format: "text", write: (line) => void lines.push(line) });
    const clock = { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(20, signal) };
    await using health = await openHealthPort(new FakeAgent(), { ...OPTIONS, port, logger, clock });
    expect(health.address()).to.equal(undefined);
    await systemClock.sleep(100);
    taken.close();
    await eventually("it listens", async () => health.address() !== undefined);
    expect((await get(port, "/healthz")).status).to.equal(200);
    expect(lines.length).to.equal(1);
  });
});
