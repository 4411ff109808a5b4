import { expect } from "chai";
import type { Client } from "../../agent/client.ts";
import type { Config } from "../../agent/config.ts";
import { QueueList } from "../../agent/queue-list.ts";
import { ApiError } from "../../api/api-error.ts";
import type { QueueId } from "../../api/wire/ids.ts";
import type { Queue } from "../../api/wire/queue.ts";
import { HOUR_MS } from "../../base/clock.ts";
import { createLogger } from "../../base/logger.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

const api = (status: number, subcode: number, message: string): ApiError =>
  new ApiError({ endpoint: "queues.create", status, subcode, message });

interface Fake {
  readonly queues: readonly string[];
  readonly all: () => { id: string; name: string }[];
  readonly create?: (name: string) => string;
}

function listOf(fake: Fake): { list: QueueList; lines: string[]; slept: readonly number[]; clock: JumpingClock } {
  const [lines, clock]: [string[], JumpingClock] = [[], new JumpingClock()];
  const client = { queues: { all: async () => fake.all(), create: async (name: string) => fake.create?.(name) } } as unknown as Client;
  const config = { queues: fake.queues, createQueue: fake.create !== undefined, server: { api: "http://server" } } as unknown as Config;
  const logger = createLogger({ level: "info", format: "json", write: (line) => void lines.push(line) });
  return { list: new QueueList(() => config, client, logger, clock), lines, slept: clock.sleeps, clock };
}

const never = new AbortController().signal;

describe("the agent's queues", () => {
  it("are served without one that the server refuses to make, which is told once and by name", async () => {
    const { list, lines } = listOf({
      queues: ["ab", "good"],
      all: () => [],
      create: (name) => {
        if (name === "ab") throw api(400, 800, "name must be at least three characters long");
        return "id-of-good";
      },
    });
    await list.resolveAll(never);
    await list.resolveAll(never);
    expect(list.order).to.deep.equal(["id-of-good"]);
    expect(lines.length).to.equal(1);
    expect(JSON.parse(lines[0] ?? "").msg).to.equal(
      'the server refuses to make the queue "ab" (three characters at least): name must be at least three characters long; the agent goes on without it',
    );
  });

  it("wait for an absent server with growing distance, one line for each try and no stack", async () => {
    let tries = 0;
    const { list, lines, slept } = listOf({
      queues: ["good"],
      all: () => {
        if (++tries < 6) throw new ApiError({ endpoint: "auth.login", status: 0, subcode: 0, message: "no answer from http://server" });
        return [{ id: "id-of-good", name: "good" }];
      },
    });
    await list.resolveAll(never);
    expect(slept.length).to.equal(5);
    expect(slept[4]).to.be.greaterThan(4 * (slept[0] ?? 0));
    for (const line of lines) {
      expect(JSON.parse(line)).to.have.all.keys("level", "time", "msg");
      expect(line).to.match(/no answer from http:\/\/server; trying again in \d/);
    }
  });

  it("end with wrong keys", async () => {
    const { list } = listOf({
      queues: ["good"],
      all: () => {
        throw api(401, 20, "invalid credentials");
      },
    });
    const message = await list.resolveAll(never).catch((error: Error) => error.message);
    expect(message).to.equal("the server http://server does not accept these credentials");
  });

  it("are looked for in their rhythm although the clock is set back", async () => {
    const all: { id: string; name: string }[] = [];
    const { list, clock } = listOf({ queues: ["late"], all: () => all });
    await list.resolveAll(never);
    clock.setBack(HOUR_MS);
    all.push({ id: "id-of-late", name: "late" });
    expect(await list.known(never)).to.deep.equal(["id-of-late"]);
    expect(clock.monotonic()).to.be.below(60_000);
  });

  it("are looked for again when a peek does not show them, and only those that it asked for", async () => {
    const [first, later] = ["id-first" as QueueId, "id-later" as QueueId];
    const { list } = listOf({ queues: ["first", "later"], all: () => [first, later].map((id) => ({ id, name: id.slice(3) })) });
    await list.resolveAll(never);
    list.seen([first], [{ id: first } as Queue]);
    expect(list.order).to.deep.equal([first, later]);
    list.seen([first, later], [{ id: later } as Queue]);
    expect(list.order).to.deep.equal([later]);
  });
});

describe("an error in the log", () => {
  it("has a stack only where nobody foresaw it", () => {
    const lines: string[] = [];
    const logger = createLogger({ level: "info", format: "json", write: (line) => void lines.push(line) });
    logger.warn({ err: api(500, 0, "busy") }, "foreseen");
    logger.warn({ err: new TypeError("oh") }, "not foreseen");
    const [foreseen, unforeseen] = lines.map((line) => JSON.parse(line).err);
    expect(foreseen).to.deep.equal({ type: "ApiError", message: "queues.create: busy", code: "api-500-0" });
    expect(unforeseen.stack).to.contain("TypeError: oh");
  });
});
