import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { KeyedMutex } from "../../base/mutex.ts";
import { failureOf } from "../support/failure.ts";

describe("the keyed mutex", () => {
  it("lets callers of one key in one after the other, in their order", async () => {
    const mutex = new KeyedMutex();
    const log: string[] = [];
    const work = (name: string, ms: number) => async (): Promise<string> => {
      log.push(`${name} in`);
      await pause(ms);
      log.push(`${name} out`);
      return name;
    };
    const results = await Promise.all([mutex.run("key", work("a", 20)), mutex.run("key", work("b", 1)), mutex.run("key", work("c", 1))]);
    expect(results).to.deep.equal(["a", "b", "c"]);
    expect(log).to.deep.equal(["a in", "a out", "b in", "b out", "c in", "c out"]);
  });

  it("does not make other keys wait", async () => {
    const mutex = new KeyedMutex();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = mutex.run("one", () => promise);
    expect(await mutex.run("other", async () => "done")).to.equal("done");
    resolve();
    await slow;
  });

  it("is free again after work that fails", async () => {
    const mutex = new KeyedMutex();
    const failed = failureOf(mutex.run("key", () => Promise.reject(new Error("broken"))));
    const next = mutex.run("key", async () => "next");
    expect((await failed).message).to.equal("broken");
    expect(await next).to.equal("next");
  });
});
