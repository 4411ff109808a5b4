import { expect } from "chai";
import { formatBytes, formatDuration, parseBytes, parseDurationMs } from "../../base/units.ts";

describe("durations and sizes", () => {
  it("are read with their units", () => {
    expect(["250ms", "30s", "5m", "1.5h", "2d", "7", " 3 S "].map(parseDurationMs)).to.deep.equal([
      250, 30_000, 300_000, 5_400_000, 172_800_000, 7_000, 3_000,
    ]);
    expect(parseDurationMs(1.5)).to.equal(1500);
    expect(["17", "512b", "2k", "512m", "2g", "10GiB", "1.5 MB", "1t"].map(parseBytes)).to.deep.equal([
      17,
      512,
      2048,
      512 * 2 ** 20,
      2 * 2 ** 30,
      10 * 2 ** 30,
      1.5 * 2 ** 20,
      2 ** 40,
    ]);
  });

  it("are refused when they are none", () => {
    for (const text of ["", "soon", "-5s", "5 weeks", "1e3", "5s5s"])
      expect(() => parseDurationMs(text), text).to.throw("is not a duration");
    for (const text of ["", "much", "-1", "5x", "k"]) expect(() => parseBytes(text), text).to.throw("is not a size");
  });

  it("are written for people", () => {
    expect([350, 1_400, 59_960, 125_000, 7_260_000].map(formatDuration)).to.deep.equal([
      "350 ms",
      "1.4 s",
      "1 min 0 s",
      "2 min 5 s",
      "2 h 1 min",
    ]);
    expect([0, 17, 1536, 20 * 2 ** 30, 2 ** 52].map(formatBytes)).to.deep.equal(["0 B", "17 B", "1.5 KiB", "20 GiB", "4096 TiB"]);
    expect([999.7, 3_599_700].map(formatDuration)).to.deep.equal(["1.0 s", "1 h 0 min"]);
  });
});
