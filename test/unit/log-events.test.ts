import { expect } from "chai";
import { EVENT_BYTES, LogEncoder, pieces, wholeCharacters } from "../../monitor/console/log-events.ts";

interface Event {
  readonly timestamp: number;
  readonly msg: string;
}

function encoded(bytes: Buffer | string): Event[] {
  return new LogEncoder("t".repeat(32), "worker:0").encode(Buffer.from(bytes), 1000).map((line) => JSON.parse(line) as Event);
}

describe("log events", () => {
  it("carry task, worker and level, and a millisecond of their own each", () => {
    const [first, second] = new LogEncoder("TASK", 'work"er').encode(Buffer.alloc(EVENT_BYTES + 1, "x"), 1000);
    expect(JSON.parse(first ?? "")).to.deep.include({ type: "log", task: "TASK", worker: 'work"er', level: "INFO", timestamp: 1000 });
    expect(JSON.parse(second ?? "")).to.deep.include({ timestamp: 1001, msg: "x" });
  });

  it("hold at most 64 KiB and end at a line end where there is one", () => {
    const text = `${"a".repeat(40_000)}\n${"b".repeat(40_000)}\n`;
    expect(encoded(text).map((event) => event.msg)).to.deep.equal([`${"a".repeat(40_000)}\n`, `${"b".repeat(40_000)}\n`]);
    expect(encoded("a".repeat(EVENT_BYTES))).to.have.length(1);
    expect(encoded("a".repeat(EVENT_BYTES + 1)).map((event) => event.msg.length)).to.deep.equal([EVENT_BYTES, 1]);
  });

  for (const character of ["é", "€", "😀"])
    it(`never cut ${character} in two, wherever it falls`, () => {
      for (let before = 0; before < 4; before++) {
        const text = "x".repeat(before) + character.repeat(50_000);
        const parts = pieces(Buffer.from(text));
        expect(Math.max(...parts.map((part) => part.length))).to.be.at.most(EVENT_BYTES);
        expect(parts.map((part) => part.toString()).join("")).to.equal(text);
      }
    });

  it("show bytes that are no UTF-8 as U+FFFD and keep a byte order mark", () => {
    expect(encoded(Buffer.from([0x61, 0xff, 0x62]))[0]?.msg).to.equal("a\ufffdb");
    expect(encoded("\ufeffx")[0]?.msg).to.equal("\ufeffx");
  });

  it("are none for no bytes", () => {
    expect(encoded("")).to.deep.equal([]);
  });

  it("find the last end that cuts no character", () => {
    const smile = Buffer.from("a😀");
    expect([1, 2, 3, 4, 5].map((end) => wholeCharacters(smile, end))).to.deep.equal([1, 1, 1, 1, 5]);
    const stray = Buffer.from([0x80, 0x80, 0x80, 0x80]);
    expect(wholeCharacters(stray, 4)).to.equal(4);
  });
});
