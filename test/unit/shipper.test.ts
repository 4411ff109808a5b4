import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { silentLogger } from "../../base/logger.ts";
import { foldCarriageReturns } from "../../monitor/console/carriage-returns.ts";
import { createRedactor } from "../../monitor/console/redactor.ts";
import { type Shipper, startShipper } from "../../monitor/console/shipper.ts";
import { type Fate, FaultySink } from "../support/event-sink.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { SeededRandom } from "../support/random.ts";

const NEVER = new AbortController().signal;
const FATES: readonly Fate[] = [
  ...(["taken", "taken", "taken", "taken", "taken"] as const),
  ...(["answer lost", "request lost", "lands late", "torn", "busy", "connection refused"] as const),
];

/** A console of one run, and the agents that bring it to the server one after the other. */
class Console {
  readonly clock = new JumpingClock();
  readonly sink: FaultySink;
  readonly #folder: string;
  readonly #secrets: readonly string[];

  private constructor(folder: string, fate: () => Fate, secrets: readonly string[]) {
    this.#folder = folder;
    this.#secrets = secrets;
    this.sink = new FaultySink(this.clock, fate);
  }

  static async create(fate: () => Fate = () => "taken", secrets: readonly string[] = []): Promise<Console> {
    return new Console(await temporaryFolder(), fate, secrets);
  }

  async print(data: string | Buffer): Promise<void> {
    await appendFile(join(this.#folder, "console.log"), data);
  }

  async printed(): Promise<string> {
    return await readFile(join(this.#folder, "console.log"), "utf8");
  }

  async ship(): Promise<Shipper> {
    return await startShipper({
      path: join(this.#folder, "console.log"),
      cursorPath: join(this.#folder, "cursor"),
      task: "task",
      worker: "worker:0",
      sink: this.sink,
      redactor: createRedactor(this.#secrets),
      logger: silentLogger,
      clock: this.clock,
    });
  }

  /** Drains with an agent that nothing befalls, and lets everything land that is still under way. */
  async finish(shipper: Shipper): Promise<void> {
    await shipper.drain(NEVER);
    this.clock.advance(60_000);
  }
}

/** Text as programs print it: lines of all lengths, some characters of several bytes, now and then no line end. */
function chunk(random: SeededRandom, states: boolean): string {
  const length = random.pick([3, 30, 300, 3_000, 90_000]);
  const body = random.pick(["x", "é", "€", "😀", "\t", "\u001b[1m"]).repeat(random.below(length));
  return `${random.below(1e9)} ${body}${random.pick(states ? ["\n", "\r\n", "\r", "\r", ""] : ["\n", "\n", "\n", ""])}`;
}

/** Prints in pieces that may end inside a character, while agents start and die. */
async function livesAndDeaths(console: Console, random: SeededRandom, states: boolean): Promise<void> {
  let shipper = await console.ship();
  for (let step = 0; step < 25; step++) {
    const bytes = Buffer.from(chunk(random, states));
    const cut = random.below(bytes.length);
    await console.print(bytes.subarray(0, cut));
    if (random.below(3) === 0) {
      await pause(random.below(6));
      await shipper.stop();
      console.clock.advance(random.below(3_000));
      shipper = await console.ship();
    }
    await console.print(bytes.subarray(cut));
    if (random.below(3) === 0) await pause(random.below(4));
  }
  await console.finish(shipper);
}

describe("the shipper", () => {
  it("brings a file that grows to the server as it is", async () => {
    const console = await Console.create();
    const shipper = await console.ship();
    for (let line = 0; line < 50; line++) await console.print(`line ${line}\n`);
    await console.finish(shipper);
    expect(console.sink.text).to.equal(await console.printed());
  });

  it("tells how many bytes and events there were", async () => {
    const console = await Console.create();
    await console.print("a\nb\n");
    expect(await (await console.ship()).drain(NEVER)).to.deep.equal({ bytes: 4, events: 1 });
  });

  it("gives every event a greater timestamp than the one before, also after a restart", async () => {
    const console = await Console.create();
    await console.print(`${"x".repeat(200_000)}\n`);
    await (await console.ship()).drain(NEVER);
    console.clock.advance(-3_600_000);
    await console.print("later\n");
    await (await console.ship()).drain(NEVER);
    const times = console.sink.events.map((event) => event.timestamp);
    expect(times)
      .to.deep.equal([...new Set(times)].toSorted((a, b) => a - b))
      .and.to.have.length(5);
  });

  it("keeps requests below 1 MiB, also of what grows when it is encoded", async () => {
    const console = await Console.create();
    await console.print("\u0001".repeat(2_000_000));
    await console.finish(await console.ship());
    expect(Math.max(...console.sink.requestBytes)).to.be.below(2 ** 20);
    expect(console.sink.text === (await console.printed())).to.equal(true);
  });

  it("keeps requests below 1 MiB when it sends again what an earlier agent left", async () => {
    const fates: Fate[] = [];
    const console = await Console.create(() => fates.shift() ?? "connection refused");
    await console.print(`${"\u0001".repeat(800_000)}\n`);
    const first = await console.ship();
    while (console.sink.requests.length === 0) await pause(1);
    await first.stop();
    fates.push(...Array<Fate>(100).fill("taken"));
    await console.finish(await console.ship());
    expect(Math.max(...console.sink.requestBytes)).to.be.below(2 ** 20);
    expect(console.sink.text === (await console.printed())).to.equal(true);
  });

  it("throws what the server refuses for good, when it is drained", async () => {
    const console = await Console.create(() => "refused for good");
    await console.print("text\n");
    expect(await failureOf((await console.ship()).drain(NEVER))).to.include({ status: 400 });
  });

  it("goes on after a piece that the server refuses for ever", async () => {
    const console = await Console.create();
    console.sink.refuses = ({ msg }) => (msg.includes("poison") ? 400 : undefined);
    const shipper = await console.ship();
    await console.print("before\n");
    while (console.sink.events.length === 0) await pause(5);
    await console.print("poison\n");
    while (!console.sink.text.includes("windlass:")) await pause(5);
    await console.print("after\n");
    await console.finish(shipper);
    expect(console.sink.text).to.match(/^before\nwindlass: 1 console line was refused by the server: .*\nafter\n$/);
  });

  it("gives up draining when it is told to", async () => {
    const console = await Console.create(() => "connection refused");
    await console.print("text\n");
    const reason = new Error("enough");
    expect(await failureOf((await console.ship()).drain(AbortSignal.abort(reason)))).to.equal(reason);
  });

  it("masks a secret that comes in two pieces a second apart", async () => {
    const console = await Console.create(() => "taken", ["hunter2hunter2"]);
    const shipper = await console.ship();
    await console.print("the key: hunter2");
    await pause(20);
    console.clock.advance(5_000);
    await pause(20);
    await console.print("hunter2, said he\n");
    await console.finish(shipper);
    expect(console.sink.text).to.equal("the key: ******, said he\n");
  });

  it("ends although the last line is the beginning of a secret of several lines", async () => {
    const console = await Console.create(() => "taken", ["BEGIN KEY\nabcdef"]);
    const shipper = await console.ship();
    await console.print("BEGIN KEY\nabc");
    await console.finish(shipper);
    expect(console.sink.text).to.equal("BEGIN KEY\nabc");
  });

  it("is exact although agents die at any moment and the server loses requests and answers", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new SeededRandom(seed);
      const console = await Console.create(() => random.pick(FATES));
      await livesAndDeaths(console, random, false);
      expect(console.sink.text === (await console.printed()), `seed ${seed}`).to.equal(true);
    }
  });

  it("shows the newest state of every line, also under such circumstances", async () => {
    for (let seed = 101; seed <= 108; seed++) {
      const random = new SeededRandom(seed);
      const console = await Console.create(() => random.pick(FATES));
      await livesAndDeaths(console, random, true);
      const folded = (text: string): string => foldCarriageReturns(Buffer.from(text), false).toString();
      expect(folded(console.sink.text) === folded(await console.printed()), `seed ${seed}`).to.equal(true);
    }
  });
});
