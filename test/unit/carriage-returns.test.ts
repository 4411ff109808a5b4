import { expect } from "chai";
import { foldCarriageReturns, openState } from "../../monitor/console/carriage-returns.ts";

const fold = (text: string, midLine = false): string => foldCarriageReturns(Buffer.from(text), midLine).toString();

describe("the folding of carriage returns", () => {
  it("keeps the newest state of each line", () => {
    expect(fold("10%\r50%\r100%\nnext\n")).to.equal("100%\nnext\n");
  });

  it("takes \\r\\n for a plain line end, also where several \\r stand before it", () => {
    expect(fold("one\r\ntwo\r\r\n")).to.equal("one\r\ntwo\r\r\n");
    expect(fold("old\rnew\r\n")).to.equal("new\r\n");
  });

  it("leaves bytes without \\r alone, to the very buffer", () => {
    const bytes = Buffer.from("a\nb\n");
    expect(foldCarriageReturns(bytes, false)).to.equal(bytes);
  });

  it("keeps the \\r of a state when the line's begin was sent already", () => {
    expect(fold("0%\r20%\r30%\n1%\r2%\n", true)).to.equal("\r30%\n2%\n");
  });

  it("sends what completes a line whose begin was sent as it is when nothing overwrites it", () => {
    expect(fold(" and its end\nnext\r\n", true)).to.equal(" and its end\nnext\r\n");
  });

  it("keeps the last state of a line that never ends", () => {
    expect(fold("done\n10%\r20%\r")).to.equal("done\n20%\r");
  });

  it("does not take a line of nothing but \\r away", () => {
    expect(fold("\r\r\r")).to.equal("\r\r\r");
    expect(fold("\r\n\r\n")).to.equal("\r\n\r\n");
  });

  it("says where the newest state of an open line begins and ends", () => {
    expect(openState(Buffer.from("10%\r20%\r"))).to.deep.equal({ from: 3, to: 7 });
    expect(openState(Buffer.from("10%\r"))).to.deep.equal({ from: 0, to: 3 });
    expect(openState(Buffer.from("\r"))).to.deep.equal({ from: 0, to: 0 });
  });
});
