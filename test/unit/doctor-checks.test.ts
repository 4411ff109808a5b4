import { expect } from "chai";
import { type Check, type CheckResult, fail, ok, runChecks, warn } from "../../agent/doctor/check.ts";
import { DoctorContext } from "../../agent/doctor/context.ts";
import { WindlassError } from "../../base/errors.ts";

const io = { context: new DoctorContext({}, {}), tell: () => undefined, signal: new AbortController().signal };

async function statuses(checks: readonly Check[]): Promise<Record<string, CheckResult["status"]>> {
  const results = await runChecks(checks, io);
  return Object.fromEntries(results.map((result) => [result.id, result.status]));
}

const check = (id: string, look: Check["look"], more: Partial<Check> = {}): Check => ({ id, timeoutMs: 1_000, look, ...more });

describe("the doctor's checks", () => {
  it("skip what depends on a failure, also at second hand, and leave out what does not apply", async () => {
    const checks = [
      check("server", async () => fail("down", "start it")),
      check("credentials", async () => ok("fine"), { needs: ["server"] }),
      check("queues", async () => ok("fine"), { needs: ["credentials"] }),
      check("disk", async () => warn("little", "free some")),
      check("mounts", async () => ok("fine"), { needs: ["disk"] }),
      check("gpu", async () => ok("fine"), { applies: () => false }),
    ];
    expect(await statuses(checks)).to.deep.equal({ server: "fail", credentials: "skipped", queues: "skipped", disk: "warn", mounts: "ok" });
  });

  it("fail when nothing comes back in time, and go on", async () => {
    const deaf = check("deaf", () => new Promise(() => undefined), { timeoutMs: 30 });
    expect(await statuses([deaf, check("next", async () => ok("fine"))])).to.deep.equal({ deaf: "fail", next: "ok" });
  });

  it("take what was thrown for a failure, with its hint as the cure", async () => {
    const throwing = check("a", () => Promise.reject(new WindlassError("it broke", { code: "broken", hint: "Mend it." })));
    const [result] = await runChecks([throwing], io);
    expect(result).to.include({ status: "fail", detail: "it broke", cure: "Mend it." });
  });

  it("break off at a signal, and begin nothing more", async () => {
    const stop = new AbortController();
    const deaf = check("deaf", () => new Promise(() => stop.abort()));
    const results = await runChecks([deaf, check("next", async () => ok("fine"))], { ...io, signal: stop.signal });
    expect(results.map(({ id, detail }) => [id, detail])).to.deep.equal([["deaf", "broken off"]]);
  });
});
