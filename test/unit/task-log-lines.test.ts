import { expect } from "chai";
import type { LogEvent } from "../../api/wire/event.ts";
import { LogLines } from "../../task/console/log-lines.ts";

describe("the console of a program that records itself", () => {
  const collect = (now: () => number = () => 1000): { lines: LogLines; sent: LogEvent[] } => {
    const sent: LogEvent[] = [];
    return { lines: new LogLines({ task: "t", worker: "w", send: (event) => sent.push(event), now }), sent };
  };
  const said = (sent: readonly LogEvent[]): [string, string][] => sent.map(({ level, msg }) => [level, msg]);

  it("puts lines of one level together, in the order in which they were printed", () => {
    const { lines, sent } = collect();
    lines.add("info", "one\ntw");
    lines.add("info", "o\n");
    lines.add("error", "three\n");
    lines.add("info", "four\n");
    lines.flush();
    expect(said(sent)).to.deep.equal([
      ["info", "one\ntwo"],
      ["error", "three"],
      ["info", "four"],
    ]);
  });

  it("gives each event a millisecond of its own, rising also when the clock is set back", () => {
    const moments = [5000, 4000, 3000, 3000, 3000, 3000];
    const { lines, sent } = collect(() => moments.shift() ?? 3000);
    for (const level of ["info", "error", "info"]) lines.add(level, `${level}\n`);
    lines.flush();
    const times = sent.map(({ timestamp }) => timestamp);
    expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).to.equal(3);
  });

  it("keeps of a line that overwrites itself its last state, and shows it while it goes on every ten seconds", () => {
    let nowMs = 0;
    const { lines, sent } = collect(() => nowMs);
    for (const percent of [10, 20]) lines.add("info", `\r${percent}%`);
    nowMs = 11_000;
    lines.add("info", "\r30%");
    lines.flush(false);
    expect(said(sent)).to.deep.equal([["info", "30%"]]);
    lines.add("info", "\r100%\nab\bc\n");
    lines.flush();
    expect(said(sent).slice(1)).to.deep.equal([["info", "100%\nac"]]);
  });

  it("cuts what is longer than a server takes, and sends an unfinished line at the end", () => {
    const { lines, sent } = collect();
    lines.add("info", `${"x".repeat(100_000)}\nunfinished`);
    lines.flush();
    expect(sent.every(({ msg }) => Buffer.byteLength(msg) <= 64 * 1024)).to.equal(true);
    expect(
      sent
        .map(({ msg }) => msg)
        .join("")
        .replaceAll("\n", ""),
    ).to.equal(`${"x".repeat(100_000)}unfinished`);
  });
});
