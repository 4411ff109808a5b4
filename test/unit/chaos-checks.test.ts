import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { claimFaults } from "../chaos/claims.ts";
import { consoleFaults } from "../chaos/console-check.ts";
import { pageOf, rowOf, rowsIn, withRow } from "../chaos/report.ts";
import type { Work } from "../chaos/work.ts";
import { type Seen, statusFaults, workFaults } from "../chaos/work-check.ts";
import { badNetwork } from "../support/fault-plans.ts";
import type { Passed } from "../support/fault-proxy.ts";
import { SeededRandom } from "../support/random.ts";

const ID = "0123456789abcdef0123456789abcdef" as TaskId;
const RIGHT = "windlass: source\nwindlass: starting python3\nline 000000\nline 000001\nline 000002\nwindlass: completed\n";
const WORK: Work = { id: ID, name: "work", ending: "completed", lines: 3 };
const SEEN: Seen = { task: { status: "completed", status_reason: "completed" } as Seen["task"], console: RIGHT, notes: ["start", "end"] };

const passed = (endpoint: string, status: number, task: string = ID): Passed => ({
  endpoint,
  task,
  status,
  refusal: undefined,
  fault: undefined,
});

describe("the checks of the chaos scenarios", () => {
  it("find nothing where all is right", () => {
    expect(workFaults(WORK, SEEN)).to.deep.equal([]);
    expect(consoleFaults(RIGHT, undefined)).to.deep.equal([]);
    expect(statusFaults([WORK], [passed("tasks.completed", 200), passed("tasks.failed", 400)])).to.deep.equal([]);
    expect(claimFaults([ID], [[passed("tasks.started", 200)], [passed("tasks.started", 400)]])).to.deep.equal([]);
  });

  const CONSOLES: Readonly<Record<string, string>> = {
    "a line twice": RIGHT.replace("line 000001", "line 000001\nline 000001"),
    "a lost line": RIGHT.replace("line 000001\n", ""),
    "a lost last line": RIGHT.replace("line 000002\n", ""),
    "an extra last line": RIGHT.replace("line 000002", "line 000002\nline 000003"),
    "two lines in the wrong order": RIGHT.replace("line 000001\nline 000002", "line 000002\nline 000001"),
    "a broken line": RIGHT.replace("line 000001", "line 0000\n01"),
    "something foreign": RIGHT.replace("line 000001", "line 000001\nTraceback"),
    "a line of the agent twice": `${RIGHT}windlass: completed\n`,
    "nothing at all": "",
  };
  for (const [what, text] of Object.entries(CONSOLES))
    it(`find ${what} in a console`, () => {
      expect(consoleFaults(text, 3)).not.to.deep.equal([]);
    });

  it("find a gap in the console of a program that was ended", () => {
    expect(consoleFaults("line 000000\nline 000002\n", undefined)).not.to.deep.equal([]);
  });

  it("find a program that was started twice, and not an agent that began twice", () => {
    const begun = "windlass: source\nwindlass: starting python3\nwindlass: the run begins again\n";
    expect(consoleFaults(`${begun}${RIGHT}`, 3)).to.deep.equal([]);
    expect(consoleFaults(`${begun}line 000000\n${RIGHT}`, 3)).to.have.length(1);
  });

  const WRONG: Readonly<Record<string, Partial<Seen>>> = {
    "a wrong status": { task: { status: "failed", status_reason: "completed" } as Seen["task"] },
    "a wrong cause": { task: { status: "completed", status_reason: "lost/killed" } as Seen["task"] },
    "a second run": { notes: ["start", "start", "end"] },
    "a run that never was": { notes: [] },
    "a run that did not end": { notes: ["start"] },
  };
  for (const [what, change] of Object.entries(WRONG))
    it(`find ${what}`, () => {
      expect(workFaults(WORK, { ...SEEN, ...change })).to.have.length(1);
    });

  it("find a second final status, and none", () => {
    expect(statusFaults([WORK], [passed("tasks.completed", 200), passed("tasks.failed", 200)])).to.have.length(1);
    expect(statusFaults([WORK], [passed("tasks.completed", 400)])).to.have.length(1);
  });

  it("find a task that two agents started, one agent twice, or none", () => {
    const started = passed("tasks.started", 200);
    expect(claimFaults([ID], [[started], [started]])).to.have.length(1);
    expect(claimFaults([ID], [[started, started], []])).to.have.length(1);
    expect(claimFaults([ID], [[], []])).to.have.length(1);
  });

  it("draw the same faults from the same seed", () => {
    const draw = (seed: number): string => {
      const plan = badNetwork(new SeededRandom(seed), { swallow: 0.2, other: 0.05 });
      return Array.from({ length: 200 }, (_, nth) => plan({ endpoint: "tasks.get_all", body: "", nth })?.kind ?? "-").join();
    };
    expect(draw(7)).to.equal(draw(7));
    expect(draw(7)).not.to.equal(draw(8));
    expect(draw(7).split("swallow").length).to.be.within(25, 60);
  });

  it("are told on a page that is written in parts: of each scenario the last result", () => {
    const result = { name: "crash", engine: "docker", seed: 1, counts: { runs: 3, kills: 2 }, faults: ["lost"], seconds: 4 } as const;
    const [first, other, last] = [
      rowOf(result, { date: "2026-01-01", commit: "aaaaaaa" }),
      rowOf({ ...result, engine: "process" }, { date: "2026-01-01", commit: "aaaaaaa" }),
      rowOf({ ...result, faults: [] }, { date: "2026-01-02", commit: "bbbbbbb" }),
    ];
    const page = pageOf([first, other], "npm run chaos");
    expect(rowsIn(page)).to.deep.equal([first, other]);
    expect(withRow(rowsIn(page), last)).to.deep.equal([last, other]);
    expect(last.at(-1)).to.equal("passed");
  });
});
