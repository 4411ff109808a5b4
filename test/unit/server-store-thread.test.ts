import { join } from "node:path";
import { expect } from "chai";
import pino from "pino";
import { ApiFault } from "../../server/api-fault.ts";
import { Store } from "../../server/store/store.ts";
import { StoreThread } from "../../server/store/store-thread.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

const logger = pino({ level: "silent" });

describe("the threads of the store", () => {
  it("are not started again when they never were ready", async () => {
    const path = join(await temporaryFolder(), "missing", "x.db");
    const thread = new StoreThread({ path, mode: "read" }, logger);
    const first = thread.ready;
    expect((await failureOf(first)).message).to.contain("cannot be used");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(thread.ready).to.equal(first);
    await thread.close();
  });

  it("answer every caller with the refusal or the data, and only with what the call itself gave", async () => {
    const store = await Store.open({ path: join(await temporaryFolder(), "x.db"), logger, onEffects: () => undefined });
    const error = await failureOf<ApiFault>(store.internal("tasks.get_by_id", { task: "none" }));
    expect(error).to.be.instanceOf(ApiFault).and.include({ code: 400, subcode: 101 });
    const ids = await Promise.all(
      Array.from({ length: 100 }, async (_, n) =>
        n % 2 === 0
          ? (await store.internal<{ id: string }>("queues.create", { name: `queue ${n}` })).id
          : (await failureOf<ApiFault>(store.internal("queues.create", { name: "x" }))).subcode,
      ),
    );
    expect(new Set(ids.filter((id) => typeof id === "string")).size).to.equal(50);
    expect(ids.filter((id) => id === 800).length).to.equal(50);
    await store.close();
  });
});
