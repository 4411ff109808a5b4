import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import type { Config } from "../../agent/config.ts";
import { EngineGate } from "../../agent/engine-gate.ts";
import { engineFault } from "../../runner/docker/ping.ts";
import { temporaryFolder } from "../support/folder.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

class Asked {
  readonly clock = new JumpingClock();
  readonly addresses: (string | undefined)[] = [];
  answer: string | undefined;
  config = { engine: "docker", runSettings: { docker: { host: "/a.sock" } } } as unknown as Config;
  readonly gate = new EngineGate(
    () => this.config,
    this.clock,
    async (address) => {
      this.addresses.push(address);
      return this.answer;
    },
  );
}

describe("an engine that does not answer", () => {
  it("is why nothing is claimed, and is asked again after a while", async () => {
    const asked = new Asked();
    asked.answer = "nobody there";
    expect(await asked.gate.refusal()).to.equal("nobody there");
    asked.answer = undefined;
    expect(await asked.gate.refusal()).to.equal("nobody there");
    asked.clock.advance(5_001);
    expect(await asked.gate.refusal()).to.equal(undefined);
    expect(asked.addresses).to.have.length(2);
  });

  it("is not asked for each claim of a burst", async () => {
    const asked = new Asked();
    for (let n = 0; n < 100; n++) expect(await asked.gate.refusal()).to.equal(undefined);
    expect(asked.addresses).to.have.length(1);
  });

  it("is another one when the configuration names another address", async () => {
    const asked = new Asked();
    asked.answer = "nobody there";
    await asked.gate.refusal();
    asked.config = { engine: "docker", runSettings: { docker: { host: "/b.sock" } } } as unknown as Config;
    asked.answer = undefined;
    expect(await asked.gate.refusal()).to.equal(undefined);
    expect(asked.addresses).to.deep.equal(["/a.sock", "/b.sock"]);
  });

  it("does not matter to an agent of processes", async () => {
    const asked = new Asked();
    asked.answer = "nobody there";
    asked.config = { engine: "process" } as Config;
    expect(await asked.gate.refusal()).to.equal(undefined);
    expect(asked.addresses).to.deep.equal([]);
  });
});

describe("asking an engine", () => {
  let folder: string;
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end("OK"));
  before(async () => {
    folder = await temporaryFolder();
    await new Promise<void>((resolve) => server.listen(join(folder, "engine.sock"), resolve));
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const scheme of ["", "unix://"])
    it(`at a socket ${scheme === "" ? "by its path" : "by its address"} finds it there`, async () => {
      status = 200;
      expect(await engineFault(`${scheme}${join(folder, "engine.sock")}`)).to.equal(undefined);
    });

  it("at a socket that nobody serves names it and the cure", async () => {
    const fault = await engineFault(join(folder, "nobody.sock"));
    expect(fault?.outcome).to.equal("failed/engine");
    expect(fault?.message).to.match(/^no Docker engine answers at .*nobody\.sock \(.*ENOENT/);
    expect(fault?.hint).to.contain("group docker");
  });

  it("that is broken says what it answers", async () => {
    status = 500;
    expect((await engineFault(join(folder, "engine.sock")))?.message).to.contain("it answers 500");
  });

  it("over TCP finds it, and finds nobody", async () => {
    const engine = createServer((_request, response) => response.end("OK"));
    await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
    const { port } = engine.address() as { port: number };
    expect(await engineFault(`tcp://127.0.0.1:${port}`)).to.equal(undefined);
    engine.closeAllConnections();
    await new Promise((resolve) => engine.close(resolve));
    expect((await engineFault(`tcp://127.0.0.1:${port}`))?.message).to.contain("no Docker engine answers at tcp://");
  });
});
