import { expect } from "chai";
import { silentLogger } from "../../base/logger.ts";
import { deliver } from "../../monitor/console/delivery.ts";
import { LogEncoder } from "../../monitor/console/log-events.ts";
import { type Fate, FaultySink } from "../support/event-sink.ts";
import { failureOf } from "../support/failure.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { SeededRandom } from "../support/random.ts";

const FIRST_MS = 1_700_000_000_000;
const NEVER = new AbortController().signal;
const TEXT = `${"a".repeat(60_000)}\n${"b".repeat(60_000)}\n`;
const lines = new LogEncoder("task", "worker").encode(Buffer.from(TEXT), FIRST_MS);

function sinkWith(...fates: Fate[]): Server {
  const clock = new JumpingClock();
  return { sink: new FaultySink(clock, () => fates.shift() ?? "taken"), clock };
}

interface Server {
  readonly sink: FaultySink;
  readonly clock: JumpingClock;
}

async function delivered({ sink, clock }: Server, triedAtMs?: number, signal = NEVER, isEnding = (): boolean => true): Promise<void> {
  await deliver({ lines, firstTimestampMs: FIRST_MS }, { sink, clock, logger: silentLogger, signal, isEnding }, triedAtMs);
}

describe("the delivery of a batch", () => {
  it("takes one request and no reading when all is well", async () => {
    const server = sinkWith();
    await delivered(server);
    expect(server.sink.requests).to.deep.equal([2]);
    expect(server.sink.reads).to.equal(0);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("does not send again what arrived although the answer was lost", async () => {
    const server = sinkWith("answer lost");
    await delivered(server);
    expect(server.sink.requests).to.have.length(1);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("sends again what was lost, but only after ten seconds of looking", async () => {
    const server = sinkWith("request lost");
    await delivered(server);
    expect(server.sink.requests).to.have.length(2);
    expect(server.clock.now() - FIRST_MS).to.be.at.least(10_000);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("waits for a request that lands four seconds after its time was over", async () => {
    const server = sinkWith("lands late");
    await delivered(server);
    expect(server.sink.text).to.equal(TEXT);
    expect(server.sink.requests).to.have.length(1);
  });

  it("sends only the rest of what arrived in part", async () => {
    const server = sinkWith("torn");
    await delivered(server);
    expect(server.sink.requests).to.deep.equal([2, 1]);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("waits as long as a busy server says, and reads nothing back: it was not carried out", async () => {
    const server = sinkWith("busy");
    await delivered(server);
    expect(server.clock.sleeps).to.deep.equal([7_000]);
    expect(server.sink.reads).to.equal(0);
  });

  it("sends again at once after a refused connection, without reading", async () => {
    const server = sinkWith("connection refused", "connection refused");
    await delivered(server);
    expect(server.sink.requests).to.have.length(3);
    expect(server.sink.reads).to.equal(0);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("does not forget its doubt while the reading back fails", async () => {
    const server = sinkWith("answer lost");
    server.sink.failingReads = 5;
    await delivered(server);
    expect(server.sink.requests).to.have.length(1);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("tries again what the server refuses once or twice, and only what is missing", async () => {
    const server = sinkWith("refused for good", "torn", "refused for good");
    await delivered(server);
    expect(server.sink.requests).to.deep.equal([2, 2, 1, 1]);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("leaves out what the server refuses again and again, says so in its place, and sends the rest", async () => {
    const server = sinkWith();
    server.sink.refuses = ({ msg }) => (msg.startsWith("a") ? 400 : undefined);
    await delivered(server);
    const right = TEXT.slice(60_001);
    expect(server.sink.text).to.equal(`windlass: 1 console line was refused by the server: as the test wants it\n${right}`);
    await delivered(server, server.clock.now());
    expect(server.sink.events, "after a restart of the agent").to.have.length(2);
  });

  describe("of an event of many lines", () => {
    const printed = Array.from({ length: 2_000 }, (_, n) => `line ${n}\n`);
    const ofMany = new LogEncoder("task", "worker").encode(Buffer.from(printed.join("")), FIRST_MS);
    const deliverMany = async ({ sink, clock }: Server, triedAtMs?: number): Promise<void> =>
      await deliver(
        { lines: ofMany, firstTimestampMs: FIRST_MS },
        { sink, clock, logger: silentLogger, signal: NEVER, isEnding: () => true },
        triedAtMs,
      );
    const without = (...refused: number[]): string => printed.filter((_, n) => !refused.includes(n)).join("");

    it("leaves out the refused lines alone, with one line of ours behind the others", async () => {
      for (const poison of [[0], [1_999], [700], [3, 1_000, 1_001]]) {
        const server = sinkWith();
        server.sink.refuses = ({ msg }) => (poison.some((n) => msg.includes(`line ${n}\n`)) ? 400 : undefined);
        await deliverMany(server);
        const words = poison.length === 1 ? "1 console line was" : `${poison.length} console lines were`;
        expect(server.sink.text).to.equal(`${without(...poison)}windlass: ${words} refused by the server: as the test wants it\n`);
        expect(server.sink.requests.length).to.be.below(100);
      }
    });

    it("keeps lines that read the same, on both sides of refused ones", async () => {
      const server = sinkWith();
      server.sink.refuses = ({ msg }) => (msg.includes("no") ? 400 : undefined);
      const [alike = ""] = new LogEncoder("task", "worker").encode(Buffer.from("yes\nno\nno\nyes\n"), FIRST_MS);
      const { sink, clock } = server;
      await deliver(
        { lines: [alike], firstTimestampMs: FIRST_MS },
        { sink, clock, logger: silentLogger, signal: NEVER, isEnding: () => true },
      );
      expect(server.sink.text).to.match(/^yes\nyes\nwindlass: 2 console lines were/);
    });

    it("sends no part again that an agent of before had sent", async () => {
      const server = sinkWith();
      server.sink.refuses = ({ msg }) => (msg.includes("line 1500\n") ? 400 : undefined);
      const first = { ...(JSON.parse(ofMany[0] ?? "") as object), msg: printed.slice(0, 1_000).join("") };
      await server.sink.addLines(JSON.stringify(first), 1, NEVER);
      await deliverMany(server, server.clock.now());
      await deliverMany(server, server.clock.now());
      expect(server.sink.text)
        .to.match(/^line 0\n/)
        .and.to.contain("1 console line was refused");
      expect(server.sink.text.replace(/windlass: .*\n/, "")).to.equal(without(1_500));
    });

    it("asks a server that minds most of it not line by line", async () => {
      const server = sinkWith();
      server.sink.refuses = ({ msg }) => (/[02468]\n/.test(msg) ? 400 : undefined);
      await deliverMany(server);
      expect(server.sink.requests.length).to.be.below(300);
      expect(server.sink.text).to.match(/windlass: \d+ console lines were refused by the server: as the test wants it\n$/);
    });
  });

  it("sends in smaller requests what is too large for a proxy, at once", async () => {
    const server = sinkWith();
    server.sink.refuses = (_event, request) => (request.length > 1 ? 413 : undefined);
    await delivered(server);
    expect(server.sink.requests).to.deep.equal([2, 1, 1]);
    expect(server.clock.sleeps).to.deep.equal([]);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("does not send again what was taken of a refused batch, though the server shows it only later", async () => {
    const server = sinkWith("refused in part");
    await delivered(server);
    expect(server.sink.requests).to.deep.equal([2, 1]);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("waits as long as the program runs for a server that takes nothing, not even a line of ours", async () => {
    const server = sinkWith();
    server.sink.refuses = () => (server.clock.now() < FIRST_MS + 3_600_000 ? 400 : undefined);
    await delivered(server, undefined, NEVER, () => false);
    expect(server.sink.text).to.equal(TEXT);
    expect(Math.max(...server.clock.sleeps)).to.be.at.most(36_000);
  });

  it("gives up in a bounded time after the program's end what the server refuses whatever is sent", async () => {
    const server = sinkWith();
    server.sink.refuses = () => 400;
    expect(await failureOf(delivered(server))).to.include({ status: 400 });
    expect(server.clock.now() - FIRST_MS).to.be.within(30_000, 120_000);
  });

  it("goes on after a reading back that is refused for a while", async () => {
    const server = sinkWith("answer lost");
    server.sink.failingReads = 20;
    server.sink.readFailure = 400;
    await delivered(server, undefined, NEVER, () => false);
    expect(server.sink.text).to.equal(TEXT);
    expect(server.sink.requests).to.deep.equal([2]);
  });

  it("waits for keys and a proxy that come back, and loses and doubles nothing", async () => {
    for (const status of [401, 403]) {
      const server = sinkWith();
      server.sink.refuses = () => (server.sink.requests.length < 30 ? status : undefined);
      await delivered(server);
      expect(server.sink.text, `status ${status}`).to.equal(TEXT);
    }
  });

  it("ends with the abort's reason while it waits for the server", async () => {
    const control = new AbortController();
    const reason = new Error("enough");
    const clock = new JumpingClock();
    clock.in(60_000, () => control.abort(reason));
    const server: Server = { clock, sink: new FaultySink(clock, () => "connection refused") };
    expect(await failureOf(delivered(server, undefined, control.signal))).to.equal(reason);
  });

  it("of a batch that an earlier agent may have sent sends only what is missing", async () => {
    const server = sinkWith("answer lost");
    await failureOf(server.sink.addLines(lines.slice(0, 1).join("\n"), 1, NEVER));
    await delivered(server, server.clock.now());
    expect(server.sink.requests).to.deep.equal([1, 1]);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("waits for a request that an earlier agent sent and that lands only after this one began", async () => {
    const server = sinkWith("lands late");
    await failureOf(server.sink.addLines(lines.join("\n"), 2, NEVER));
    await delivered(server, server.clock.now());
    server.clock.advance(60_000);
    expect(server.sink.text).to.equal(TEXT);
  });

  it("is exact whatever the server does", async () => {
    const fates: Fate[] = ["taken", "answer lost", "request lost", "lands late", "torn", "busy", "connection refused"];
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const clock = new JumpingClock();
      const sink = new FaultySink(clock, () => random.pick(fates));
      sink.failingReads = random.below(3);
      await delivered({ sink, clock });
      clock.advance(60_000);
      expect(sink.text === TEXT, `seed ${seed}`).to.equal(true);
    }
  });

  it("of an earlier agent that was tried long ago is looked for once, and then sent", async () => {
    const server = sinkWith();
    await delivered(server, server.clock.now() - 60_000);
    expect(server.clock.sleeps).to.deep.equal([]);
    expect(server.sink.text).to.equal(TEXT);
  });
});
