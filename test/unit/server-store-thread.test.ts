import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import pino from "pino";
import { ApiFault } from "../../server/api-fault.ts";
import { COMPANY, Store } from "../../server/store/store.ts";
import { StoreThread } from "../../server/store/store-thread.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { eventually } from "../support/product.ts";

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

  it("are started anew when they die, after a growing pause; calls that they held get an answer", async () => {
    const folder = await temporaryFolder();
    const program = join(folder, "thread.mjs");
    await writeFile(
      program,
      `import { parentPort } from "node:worker_threads";
       import { appendFileSync } from "node:fs";
       appendFileSync(${JSON.stringify(join(folder, "starts"))}, Date.now() + "\\n");
       parentPort.on("message", ({ endpoint, id }) => {
         if (endpoint === "die") process.exit(1);
         if (endpoint === "live") parentPort.postMessage({ kind: "answer", id, json: "{}", queues: [], tasks: [] });
       });
       parentPort.postMessage({ kind: "ready" });`,
    );
    const thread = new StoreThread({ path: "", mode: "read" }, logger, pathToFileURL(program));
    const ask = (endpoint: string): Promise<unknown> => thread.ask({ endpoint } as never);
    for (let n = 0; n < 3; n++) {
      const [held, died] = await Promise.all([failureOf<ApiFault>(ask("nothing")), failureOf<ApiFault>(ask("die"))]);
      expect([held.code, held.subcode, died.subcode]).to.deep.equal([500, 102, 102]);
      await eventually("it lives again", async () => (await ask("live").catch(() => undefined)) !== undefined);
    }
    const starts = (await readFile(join(folder, "starts"), "utf8")).trim().split("\n").map(Number);
    const pauses = starts.slice(1).map((at, n) => at - (starts[n] ?? 0));
    expect(pauses.length).to.equal(3);
    expect(pauses[2]).to.be.greaterThan((pauses[0] ?? 0) + 150);
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

  it("let short readings go between the steps of long ones", async () => {
    const path = join(await temporaryFolder(), "x.db");
    const store = await Store.open({ path, logger, onEffects: () => undefined });
    const { id } = await store.internal<{ id: string }>("tasks.create", { name: "one", type: "training" });
    const database = new Sqlite(path);
    const hyperparams = JSON.stringify({ Args: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`p${n}`, { value: "1" }])) });
    database
      .prepare(
        "INSERT INTO tasks (id, company, hyperparams) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 20000) SELECT 'task' || n, ?, ? FROM n",
      )
      .run(COMPANY, hyperparams);
    database.close();
    const order: string[] = [];
    const asked = (endpoint: string, body: object): Promise<unknown> => store.internal(endpoint, body).then(() => order.push(endpoint));
    const long = [1, 2].map(() => asked("projects.get_hyper_parameters", {}));
    await Promise.all([...long, asked("tasks.get_by_id", { task: id })]);
    expect(order).to.deep.equal(["tasks.get_by_id", "projects.get_hyper_parameters", "projects.get_hyper_parameters"]);
    const { parameters } = await store.internal<{ parameters: object[] }>("projects.get_hyper_parameters", {});
    expect(parameters.length).to.equal(20);
    await store.close();
  });
});
