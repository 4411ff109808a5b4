import { expect } from "chai";
import { newCounters } from "../../agent/control.ts";
import { Cooldown } from "../../agent/cooldown.ts";
import type { RunWatch } from "../../agent/run-watch.ts";
import { type ActiveRun, Runs, type RunsParts } from "../../agent/runs.ts";
import { Slots } from "../../agent/slots.ts";
import { silentLogger } from "../../base/logger.ts";
import { ClaimFixture, TASK } from "../support/claim-fixture.ts";

describe("a run that breaks off by the agent's own fault", () => {
  it("frees its slot, leaves its record to the next agent, and has this one take nothing for a while", async () => {
    await using fixture = await ClaimFixture.create();
    const cooldown = new Cooldown(fixture.clock);
    const slots = new Slots<ActiveRun>();
    slots.plan([{ worker: "host:0", gpus: "all" }]);
    const runs = new Runs({ ...partsOf(fixture, slots), onOutcome: (task, outcome) => cooldown.saw(task, outcome) });
    const claimed = await fixture.claim();
    const [slot] = slots.free;
    if (claimed === undefined || slot === undefined) throw new Error("nothing to begin with");
    fixture.deps.journal.write = () => Promise.reject(new Error("a file system that is read-only by now"));
    runs.begin(slot, claimed);
    await runs.allReported();
    expect(fixture.http.endpoints).to.include("tasks.started");
    expect(await fixture.intents()).to.deep.equal([claimed.record]);
    expect(slots.free).to.deep.equal([slot]);
    expect(cooldown.isTooEarly(TASK)).to.equal(true);
    expect(cooldown.refusal()).to.contain("failed/engine");
  });
});

function partsOf({ deps, clock }: ClaimFixture, slots: Slots<ActiveRun>): RunsParts {
  const never = new AbortController().signal;
  return {
    ...{ claimDeps: deps, slots, clock, logger: silentLogger, abort: never, leave: never, counters: newCounters() },
    deps: () => ({}) as ReturnType<RunsParts["deps"]>,
    watch: {} as RunWatch,
    onSlot: () => undefined,
    onOutcome: () => undefined,
  };
}
