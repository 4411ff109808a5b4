import { expect } from "chai";
import { lostCause } from "../../runner/lost.ts";

const NOW = { bootId: "b2", initStartTime: "5" };
const launched = (kind: "process" | "container", host = NOW): NonNullable<Parameters<typeof lostCause>[1]> => ({ handle: { kind }, host });
const BEFORE_BOOT = { bootId: "b1", initStartTime: "5" };
const BEFORE_RESTART = { bootId: "b2", initStartTime: "4" };
const exit = (exitCode: number, lost?: "killed" | "engine-restart"): Parameters<typeof lostCause>[0] => ({
  exitCode,
  oomKilled: false,
  ...(lost === undefined ? {} : { lost }),
});

describe("a lost run", () => {
  it("is none where the program left its exit code", () => {
    expect(lostCause(exit(0), launched("process"), NOW)).to.equal(undefined);
    expect(lostCause(exit(137), launched("container"), NOW)).to.equal(undefined);
    expect(lostCause(exit(3), launched("process", BEFORE_BOOT), NOW)).to.equal(undefined);
    expect(lostCause(exit(0), launched("container", BEFORE_BOOT), NOW)).to.equal(undefined);
  });

  it("went down with its machine", () => {
    expect(lostCause(exit(137, "killed"), launched("process", BEFORE_BOOT), NOW)).to.equal("lost/host-restart");
    for (const code of [255, 137, 143])
      for (const lost of [undefined, "engine-restart"] as const)
        expect(lostCause(exit(code, lost), launched("container", BEFORE_BOOT), NOW)).to.equal("lost/host-restart");
  });

  it("went down with the agent's container, if it was a process in it", () => {
    expect(lostCause(exit(137, "killed"), launched("process", BEFORE_RESTART), NOW)).to.equal("lost/agent-container-restart");
    expect(lostCause(exit(137, "killed"), launched("container", BEFORE_RESTART), NOW)).to.equal("lost/killed");
  });

  it("went down with the engine, or was killed by somebody", () => {
    expect(lostCause(exit(137, "engine-restart"), launched("container"), NOW)).to.equal("lost/engine-restart");
    expect(lostCause(exit(137, "killed"), launched("process"), NOW)).to.equal("lost/killed");
    expect(lostCause(exit(137, "killed"), undefined, NOW)).to.equal("lost/killed");
  });
});
