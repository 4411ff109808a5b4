import { expect } from "chai";
import { createRedactor } from "../../monitor/console/redactor.ts";
import { lookAgainInMs, nextSegment, SEGMENT_BYTES, type Segment, type SegmentClock } from "../../monitor/console/segments.ts";

const AT: SegmentClock = { nowMs: 100_000, sinceMs: 100_000, openSentMs: 0, ended: false };
const SECOND_LATER = { ...AT, nowMs: 101_000 };
const ENDED = { ...AT, ended: true };

function next(text: string | Buffer, clock: SegmentClock = AT, ...secrets: string[]): Segment | undefined {
  return nextSegment(Buffer.from(text), createRedactor(secrets), clock);
}

describe("segments of the console", () => {
  it("end at the last line end", () => {
    expect(next("one\ntwo\nthr")).to.deep.equal({ skip: 0, to: 8, full: false });
  });

  it("leave an unfinished line alone for a second", () => {
    expect(next("prompt> ")).to.equal(undefined);
    expect(next("prompt> ", { ...AT, nowMs: 100_999 })).to.equal(undefined);
    expect(next("prompt> ", SECOND_LATER)).to.include({ skip: 0, to: 8 });
  });

  it("never cut a character of an unfinished line", () => {
    expect(next(Buffer.from("€€").subarray(0, 5), SECOND_LATER)).to.include({ to: 3 });
  });

  it("send a long line in parts that cut no character", () => {
    const line = Buffer.concat([Buffer.from("x"), Buffer.from("€".repeat(SEGMENT_BYTES / 2))]);
    const to = next(line)?.to ?? 0;
    expect(to).to.be.within(SEGMENT_BYTES - 2, SEGMENT_BYTES);
    expect(line.subarray(0, to).toString()).to.not.contain("\ufffd");
  });

  it("send an open \\r line's newest state at most every ten seconds", () => {
    const sentNow = { ...SECOND_LATER, openSentMs: 100_000 };
    expect(next("10%\r20%\r", sentNow)).to.equal(undefined);
    expect(next("10%\r20%\r", { ...sentNow, nowMs: 110_000 })).to.deep.equal({ skip: 3, to: 7, full: true, open: true });
  });

  it("send everything that is left when the program has ended", () => {
    expect(next("10%\r20%", ENDED)).to.include({ skip: 0, to: 7 });
    expect(next("half a line", ENDED)).to.include({ skip: 0, to: 11 });
    expect(next("")).to.equal(undefined);
  });

  it("skip superseded states of a \\r line without end", () => {
    const spinner = Buffer.concat([Buffer.from("1%\r".repeat(SEGMENT_BYTES / 3)), Buffer.from("2%\r3%")]);
    const segment = next(spinner);
    expect(segment?.skip)
      .to.equal(segment?.to)
      .and.to.be.greaterThan(SEGMENT_BYTES - 8);
  });

  it("do not end inside what may become a secret", () => {
    expect(next("the key is hunt", SECOND_LATER, "hunter2")).to.include({ to: 11 });
    expect(next("hunt", SECOND_LATER, "hunter2")).to.equal(undefined);
    expect(next("the key is hunt", ENDED, "hunter2")).to.include({ to: 15 });
  });

  it("do not end inside what may become a secret in an open \\r line either", () => {
    const later = { ...AT, nowMs: 120_000 };
    expect(next("1%\rkey hunt", later, "hunter2")).to.include({ skip: 2, to: 7 });
  });

  it("of a secret over two lines hold its first line back, but not for ever", () => {
    const key = "BEGIN-KEY\nabcdef\n";
    expect(next("x\nBEGIN-KEY\n", AT, key)).to.include({ to: 2 });
    expect(next("x\nBEGIN-KEY\nabcd", AT, key)).to.include({ to: 2 });
    expect(next("x\nBEGIN-KEY\nother", AT, key)).to.include({ to: 12 });
    expect(next("BEGIN-KEY\nabc", ENDED, key)).to.not.equal(undefined);
  });

  it("do not wait for ever for a line that consists of nothing but a secret", () => {
    expect(next("=".repeat(SEGMENT_BYTES), AT, "========")).to.include({ to: SEGMENT_BYTES });
  });

  it("say when an unfinished window is to be looked at again", () => {
    expect(lookAgainInMs(Buffer.from(""), AT)).to.equal(undefined);
    expect(lookAgainInMs(Buffer.from("x"), { ...AT, nowMs: 100_400 })).to.equal(600);
    expect(lookAgainInMs(Buffer.from("x\ry"), { ...AT, openSentMs: 99_000 })).to.equal(9_000);
  });
});
