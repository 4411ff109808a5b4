import { expect } from "chai";
import { DAEMON_FLAGS, optionName } from "../../agent/daemon-flags.ts";

/** Every flag of `clearml-agent daemon` 3.0.3. */
const THEIRS = [
  ...["-O", "--git-user", "--git-pass", "--log-level", "--gpus", "--cpu-only"],
  ...["--queue", "--order-fairness", "--polling-interval", "--foreground", "--detached", "--docker", "--podman"],
  ...["--force-current-version", "--services-mode", "--dynamic-gpus", "--child-report-tags", "--create-queue", "--standalone-mode"],
  ...["--uptime", "--downtime", "--stop", "--status", "--check-bootstrap", "--use-owner-token"],
];

const nameOf = (flags: string): string => flags.split(/[ ,]/)[0] ?? "";

describe("flags of the daemon", () => {
  it("are all of clearml-agent's, each taken, ignored or refused by name", () => {
    expect(DAEMON_FLAGS.map((flag) => nameOf(flag.flags))).to.include.members(THEIRS);
  });

  it("say in their help what they do, and in their refusal what to do instead", () => {
    for (const flag of DAEMON_FLAGS) {
      expect(flag.about, flag.flags).to.have.length.greaterThan(5);
      expect(flag.refused ?? "a reason", flag.flags).to.have.length.greaterThan(5);
      expect(flag.ignored === true && flag.refused !== undefined, flag.flags).to.equal(false);
    }
  });

  it("take as many values as clearml-agent's", () => {
    const flags = DAEMON_FLAGS.map((flag) => flag.flags);
    expect(flags).to.include.members([
      "--queue <NAME...>",
      "--docker [IMAGE...]",
      "--podman [IMAGE...]",
      "--services-mode [N]",
      "--stop [ID...]",
    ]);
  });

  it("have the names that commander gives them", () => {
    expect(optionName({ flags: "--use-owner-token", about: "" })).to.equal("useOwnerToken");
    expect(optionName({ flags: "--queue <NAME...>", about: "" })).to.equal("queue");
    expect(optionName({ flags: "-O", about: "" })).to.equal("O");
  });
});
