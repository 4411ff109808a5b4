import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("what a running task writes about itself", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(async () => await server[Symbol.asyncDispose]());

  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const artifacts = async (task: string): Promise<Reply["data"]> => (await read(task)).execution.artifacts;
  const running = async (): Promise<string> => {
    const task = await server.task();
    await server.ask("tasks.started", { task });
    return task;
  };
  const isEnded = async (endpoint: string, more: object): Promise<void> => {
    const task = await running();
    await server.ask("tasks.completed", { task });
    const { subcode, message } = await server.call(endpoint, { task, ...more });
    expect(`${subcode} ${message}`).to.equal("110 Invalid task status: expected=created, status=completed");
  };

  describe("tasks.add_or_update_artifacts", () => {
    it("replaces the artifact of that key and mode whole", async () => {
      const task = await running();
      const add = async (...list: object[]): Promise<void> => {
        expect(await server.ask("tasks.add_or_update_artifacts", { task, artifacts: list })).to.deep.equal({ updated: 1 });
      };
      const data = { preview: "p", content_type: "text" };
      await add(
        { key: "b", type: "t", uri: "s3://b", zz: 1, type_data: data },
        { key: "a", type: "t" },
        { key: "a", type: "t", mode: "input" },
      );
      expect(await artifacts(task)).to.deep.equal([
        { key: "a", type: "t", mode: "input", display_data: [] },
        { key: "a", type: "t", mode: "output", display_data: [] },
        { key: "b", type: "t", mode: "output", uri: "s3://b", type_data: data, display_data: [] },
      ]);
      await add({ key: "b", type: "u", timestamp: 1.5, content_size: "7" });
      expect((await artifacts(task))[2]).to.deep.equal({
        key: "b",
        type: "u",
        mode: "output",
        timestamp: 1,
        content_size: 7,
        display_data: [],
      });
    });

    it("is refused when the task has ended", async () =>
      await isEnded("tasks.add_or_update_artifacts", { artifacts: [{ key: "a", type: "t" }] }));
  });

  describe("tasks.delete_artifacts", () => {
    it("takes away the one of that mode only", async () => {
      const task = await running();
      await server.ask("tasks.add_or_update_artifacts", { task, artifacts: [{ key: "a", type: "t" }] });
      expect(await server.ask("tasks.delete_artifacts", { task, artifacts: [{ key: "a", mode: "input" }] })).to.deep.equal({ deleted: 1 });
      expect(await artifacts(task)).to.have.lengthOf(1);
      await server.ask("tasks.delete_artifacts", { task, artifacts: [{ key: "a" }] });
      expect(await artifacts(task)).to.deep.equal([]);
    });

    it("is refused when the task has ended", async () => await isEnded("tasks.delete_artifacts", { artifacts: [{ key: "a" }] }));
  });

  describe("tasks.add_or_update_model", () => {
    it("replaces the model of that name in its place, else appends it", async () => {
      const task = await running();
      const add = async (name: string, model: string, more: object = {}): Promise<void> => {
        const body = { task, name, model, type: "output", ...more };
        expect(await server.ask("tasks.add_or_update_model", body)).to.deep.equal({ updated: 1 });
      };
      await add("one", "m1", { iteration: 7 });
      await add("two", "m2", { iteration: 3 });
      await add("one", "m3");
      const { models, last_iteration: iteration } = await read(task);
      expect(models.output.map((item: { name: string; model: string }) => [item.name, item.model])).to.deep.equal([
        ["one", "m3"],
        ["two", "m2"],
      ]);
      expect(iteration).to.equal(7);
    });

    it("is refused when the task has ended", async () =>
      await isEnded("tasks.add_or_update_model", { name: "a", model: "b", type: "input" }));
  });

  describe("tasks.delete_models", () => {
    it("takes models away by side and name", async () => {
      const task = await running();
      for (const type of ["input", "output"]) await server.ask("tasks.add_or_update_model", { task, name: "m", model: "x", type });
      const models = [
        { name: "m", type: "input" },
        { name: "none", type: "output" },
      ];
      expect(await server.ask("tasks.delete_models", { task, models })).to.deep.equal({ updated: 1 });
      const left = (await read(task)).models;
      expect([left.input.length, left.output.length]).to.deep.equal([0, 1]);
    });

    it("is refused when the task has ended", async () => await isEnded("tasks.delete_models", { models: [{ name: "m", type: "input" }] }));
  });

  describe("tasks.edit_runtime", () => {
    it("adds, overwrites and removes; keys with dots stay escaped, and apart from those that an edit wrote", async () => {
      const task = await running();
      await server.ask("tasks.edit", { task, force: true, runtime: { "a.b": 1, old: 2, gone: 3 } });
      const more = { add_or_update: { old: { deep: true }, "x.y": "2" }, remove: ["gone", "a.b", "none"] };
      expect(await server.ask("tasks.edit_runtime", { task, ...more })).to.deep.equal({ updated: 1 });
      expect((await read(task)).runtime).to.deep.equal({ "a.b": 1, old: { deep: true }, "x%2Ey": "2" });
    });

    it("of nothing does nothing; blank keys and keys on both sides are refused", async () => {
      const task = await running();
      expect(await server.ask("tasks.edit_runtime", { task })).to.deep.equal({ updated: 0 });
      expect((await server.call("tasks.edit_runtime", { task, add_or_update: { " ": 1 } })).subcode).to.equal(12);
      expect((await server.call("tasks.edit_runtime", { task, add_or_update: { a: 1 }, remove: ["a"] })).status).to.equal(500);
      expect((await read(task)).runtime).to.deep.equal({});
    });

    it("is refused when the task has ended", async () => await isEnded("tasks.edit_runtime", { add_or_update: { a: 1 } }));
  });
});
