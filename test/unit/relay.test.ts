import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type Docker from "dockerode";
import { Relays } from "../../runner/docker/relay.ts";
import { RunError } from "../../runner/run-error.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

/** An engine whose networks have these gateways, one answer after the other; an error is an answer, too. */
function engine(answers: readonly (string | Error)[]): Docker {
  const left = [...answers];
  const inspect = async (): Promise<object> => {
    const answer = left.shift();
    if (answer instanceof Error) throw answer;
    return { IPAM: { Config: [{ Gateway: answer }] } };
  };
  return { getNetwork: () => ({ inspect }) } as unknown as Docker;
}

describe("a relay to a server on loopback", () => {
  it("passes on, after an engine that did not answer at first", async () => {
    const server = createServer((_request, answer) => answer.end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const relays = new Relays(engine([new Error("no answer"), "127.0.0.2"]), await temporaryFolder());
    try {
      expect(await failureOf(relays.reach(url, "bridge"))).to.have.property("message", "no answer");
      const reached = await relays.reach(url, "bridge");
      expect(reached).to.match(/^http:\/\/127\.0\.0\.2:\d+$/);
      expect(await (await fetch(reached)).text()).to.equal("hello");
    } finally {
      await relays.close();
      server.close();
    }
  });

  it("is the engine's fault, worth another try, where the network's address is not on this machine", async () => {
    const relays = new Relays(engine(["203.0.113.7"]), await temporaryFolder());
    const failure = (await failureOf(relays.reach("http://localhost:1", "bridge"))) as RunError;
    expect(failure).to.be.instanceOf(RunError);
    expect(failure).to.include({ outcome: "failed/engine", retryable: true });
  });
});
