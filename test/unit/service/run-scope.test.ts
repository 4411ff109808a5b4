import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { identityOf } from "../../../base/process-identity.ts";
import { endRun } from "../../../runner/process/descendants.ts";
import { foldersFrom } from "../../../runner/process/enclosure.ts";
import { scopeName, scopeProperties } from "../../../runner/process/run-scope.ts";

const UNIT = { name: "windlass.service", slice: "system.slice", managerFlags: [] };
const SCOPE = scopeName("abc");

describe("the scope of a run", () => {
  it("is beside the agent's service, stopped after it, and limited only where a limit is set", () => {
    const named = (limit: number | undefined) => new Map(scopeProperties(UNIT, 77, "abc", limit).map(([name, ...rest]) => [name, rest]));
    expect(named(undefined).get("PIDs")).to.deep.equal(["au", "1", "77"]);
    expect(named(undefined).get("Slice")).to.deep.equal(["s", "system.slice"]);
    expect(named(undefined).get("Before")).to.deep.equal(["as", "1", "windlass.service"]);
    expect([...named(undefined).keys()]).not.to.include("MemoryMax");
    expect(named(1000).get("MemoryMax")).to.deep.equal(["t", "1000"]);
  });

  it("is found beside the agent's own control group, in both versions", () => {
    expect(foldersFrom("0::/system.slice/windlass.service\n", UNIT.name, SCOPE)).to.deep.equal({
      procsFile: `/sys/fs/cgroup/system.slice/${SCOPE}/cgroup.procs`,
      eventsFile: `/sys/fs/cgroup/system.slice/${SCOPE}/memory.events`,
    });
    const v1 =
      "9:name=systemd:/x/system.slice/windlass.service\n4:memory:/x/system.slice/windlass.service\n0::/x/system.slice/windlass.service\n";
    expect(foldersFrom(v1, UNIT.name, SCOPE)).to.deep.equal({
      procsFile: `/sys/fs/cgroup/systemd/x/system.slice/${SCOPE}/cgroup.procs`,
      eventsFile: `/sys/fs/cgroup/memory/x/system.slice/${SCOPE}/memory.oom_control`,
    });
    expect(foldersFrom("0::/user.slice/session-1.scope\n", UNIT.name, SCOPE)).to.equal(undefined);
  });

  it("names processes that neither the group nor the mark reaches, and they end with the run", async () => {
    const quiet = (): ChildProcess => spawn("sleep", ["600"], { env: {}, detached: true, stdio: "ignore" });
    const [leader, stray] = [quiet(), quiet()];
    const ended = [once(leader, "exit"), once(stray, "exit")];
    const identity = await identityOf(leader.pid ?? 0);
    if (identity === undefined) throw new Error("the leader is not there");
    await endRun({ leader: identity, runId: "abc", enclosed: () => Promise.resolve([stray.pid ?? 0]) }, 5_000);
    expect((await Promise.all(ended)).map(([, signal]) => signal)).to.deep.equal(["SIGTERM", "SIGTERM"]);
  });
});
