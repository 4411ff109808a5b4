import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("more than 500 tasks at once", () => {
  let server: EmbeddedServer;
  let ids: string[];

  before(async () => {
    server = await EmbeddedServer.start();
    const from = await server.task();
    ids = await Promise.all(Array.from({ length: 501 }, async () => (await server.ask("tasks.clone", { task: from })).id as string));
  });

  after(async () => await server[Symbol.asyncDispose]());

  const refused = async (endpoint: string, body: unknown, type?: string): Promise<void> => {
    const reply = await server.call(endpoint, body, type === undefined ? {} : { type });
    expect(reply).to.include({ status: 400, subcode: 101, message: `Invalid task id: ids=(${ids.at(-1)})` });
  };

  describe("tasks.update_tags", () => {
    it("looks for the first 500, and misses the rest", async () => {
      await refused("tasks.update_tags", { ids, add_tags: ["x"] });
      expect(await server.ask("tasks.update_tags", { ids: ids.slice(1), add_tags: ["x"] })).to.deep.equal({ updated: 500 });
    });
  });

  describe("tasks.move", () => {
    it("looks for the first 500, and misses the rest", async () => await refused("tasks.move", { ids, project: null }));
  });

  describe("tasks.archive", () => {
    it("looks for the first 500, and misses the rest", async () => await refused("tasks.archive", { tasks: ids }));
  });

  describe("tasks.update_batch", () => {
    it("looks for the first 500, and misses the rest", async () => {
      const lines = ids.map((task) => JSON.stringify({ task, comment: "new" })).join("\n");
      await refused("tasks.update_batch", lines, "application/json-lines");
    });
  });

  describe("tasks.get_hyper_params", () => {
    it("gives those of 500, when all are there", async () => {
      expect((await server.ask("tasks.get_hyper_params", { tasks: ids })).params).to.have.length(500);
      expect(await server.call("tasks.get_hyper_params", { tasks: [...ids, "nope"] })).to.include({ subcode: 101 });
    });
  });

  describe("tasks.get_configurations", () => {
    it("gives those of 500, when all are there", async () => {
      expect((await server.ask("tasks.get_configurations", { tasks: ids })).configurations).to.have.length(500);
    });
  });
});
