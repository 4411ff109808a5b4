import { expect } from "chai";
import type { LogEvent } from "../../api/wire/event.ts";
import { ConsoleText } from "../../cli/console-text.ts";
import { figuresText } from "../../cli/figures-text.ts";
import { lastLines } from "../../cli/last-events.ts";

function shown(messages: readonly string[], isTerminal: boolean): string {
  let text = "";
  const console = new ConsoleText((chunk) => {
    text += chunk;
  }, isTerminal);
  for (const msg of messages) console.show({ msg, worker: "w" });
  console.end();
  return text;
}

describe("a task's console on the screen", () => {
  const PROGRESS = ["begin\n", "\rprogress 10%", "\rprogress 60%", "\rprogress 100%\r\n", "end"];

  it("gives each state of a progress bar a line of its own in a pipe", () => {
    expect(shown(PROGRESS, false)).to.equal("begin\nprogress 10%\nprogress 60%\nprogress 100%\nend\n");
  });

  it("goes to a terminal as it came, and its last line is ended", () => {
    expect(shown(PROGRESS, true)).to.equal(`${PROGRESS.join("")}\n`);
  });
});

describe("a console of the official SDK", () => {
  it("has a line for each of its events, which end without one", () => {
    let text = "";
    const console = new ConsoleText((chunk) => {
      text += chunk;
    }, false);
    for (const msg of ["one", "two\n"]) console.show({ msg, worker: "a host", level: "info" });
    for (const msg of ["thr", "ee\n"]) console.show({ msg, worker: "a host:0", level: "INFO" });
    expect(text).to.equal("one\ntwo\nthree\n");
  });
});

describe("the last lines of a console", () => {
  const events = (...messages: string[]): LogEvent[] =>
    messages.map((msg, timestamp) => ({ type: "log", task: "t", timestamp, worker: "w", level: "INFO", msg }));
  const tail = (lines: number, ...messages: string[]): string | undefined =>
    lastLines(events(...messages), lines)
      ?.map(({ msg }) => msg)
      .join("");

  it("are counted over events, whole and open lines alike", () => {
    expect(tail(1, "a\nb\n", "c\n")).to.equal("c\n");
    expect(tail(2, "a\nb\n", "c\n")).to.equal("b\nc\n");
    expect(tail(2, "a\nb", "b\n", "c")).to.equal("bb\nc");
    expect(tail(1, "a\nb", "b")).to.equal("bb");
    expect(tail(0, "a\n")).to.equal("");
  });

  it("are not known to be all while there may be more before them", () => {
    expect(tail(3, "a\nb\n", "c\n")).to.equal(undefined);
    expect(tail(1)).to.equal(undefined);
  });
});

describe("figures of a task", () => {
  it("are the program's own, the machine's left out", () => {
    const value = (metric: string, variant: string, number: number): object => ({ [variant]: { metric, variant, value: number } });
    const metrics = { a: value("loss", "train", 0.123456789), b: value(":monitor:machine", "cpu_usage", 5), c: null };
    expect(figuresText(metrics)).to.equal("loss/train=0.12346");
  });
});
