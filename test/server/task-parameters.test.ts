import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("parameters and configurations of tasks", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(async () => await server[Symbol.asyncDispose]());

  const item = (section: string, name: string, value = "1"): object => ({ section, name, value });
  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const names = async (task: string): Promise<string[]> =>
    (await server.ask("tasks.get_hyper_params", { tasks: [task] })).params[0].hyperparams.map(
      (one: { section: string; name: string; value: string }) => `${one.section}/${one.name}=${one.value}`,
    );
  const refused = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  const filled = async (): Promise<string> => {
    const task = await server.task();
    await server.ask("tasks.edit_hyper_params", { task, hyperparams: [item("b", "y"), item("a", "z"), item("a", "x")] });
    return task;
  };
  const ended = async (task: string): Promise<string> => {
    await server.ask("tasks.edit", { task, status: "completed", force: true });
    return task;
  };

  describe("tasks.get_hyper_params", () => {
    it("lists each task's items once, by section and name, with the fields that are set", async () => {
      const task = await filled();
      expect(await names(task)).to.deep.equal(["a/x=1", "a/z=1", "b/y=1"]);
      const { params } = await server.ask("tasks.get_hyper_params", { tasks: [task, task] });
      expect(params).to.have.lengthOf(1);
      expect(params[0].hyperparams[0]).to.deep.equal(item("a", "x"));
      expect(await refused("tasks.get_hyper_params", { tasks: [task, "nope"] })).to.equal(`400/101 Invalid task id: ids=(${task}, nope)`);
    });
  });

  describe("tasks.edit_hyper_params", () => {
    it("overwrites items, sections, or everything", async () => {
      const task = await filled();
      const edit = async (mode: string, ...hyperparams: object[]): Promise<string[]> => {
        expect(await server.ask("tasks.edit_hyper_params", { task, hyperparams, replace_hyperparams: mode })).to.deep.equal({ updated: 1 });
        return await names(task);
      };
      expect(await edit("none", item("a", "x", "2"), item("a", "x", "3"))).to.deep.equal(["a/x=3", "a/z=1", "b/y=1"]);
      expect(await edit("section", item("a", "n"))).to.deep.equal(["a/n=1", "b/y=1"]);
      expect(await edit("all", item("c", "c"))).to.deep.equal(["c/c=1"]);
    });

    it("is for drafts, with force for waiting and running tasks too, and for properties always", async () => {
      const task = await filled();
      await server.ask("tasks.started", { task });
      const more = { task, hyperparams: [item("a", "new")] };
      expect(await refused("tasks.edit_hyper_params", more)).to.equal("400/110 Invalid task status: expected=created, status=in_progress");
      await server.ask("tasks.edit_hyper_params", { ...more, force: true });
      expect(await names(task)).to.include("a/new=1");
      await ended(task);
      expect(await refused("tasks.edit_hyper_params", { ...more, force: true })).to.contain("400/110");
      const before = await read(task);
      await setTimeout(2);
      await server.ask("tasks.edit_hyper_params", { task, hyperparams: [item("PROPERTIES", "p")] });
      const after = await read(task);
      expect(after.hyperparams.properties.p.value).to.equal("1");
      expect(after.last_update).to.equal(before.last_update);
      expect(after.last_change > before.last_change).to.equal(true);
    });

    it("refuses items without section, name or value", async () => {
      const task = await server.task();
      for (const hyperparams of [[{ name: "x", value: "1" }], [item("", "x")], [item("a", " ")], [{ section: "a", name: "x" }]])
        expect(await refused("tasks.edit_hyper_params", { task, hyperparams })).to.contain("400/12");
      expect(await refused("tasks.edit_hyper_params", { task, hyperparams: [item("a", "x")], replace_hyperparams: "zz" })).to.contain(
        "400/12",
      );
      expect(await names(task)).to.deep.equal([]);
    });
  });

  describe("tasks.delete_hyper_params", () => {
    const remove = async (task: string, ...hyperparams: object[]): Promise<void> => {
      expect(await server.ask("tasks.delete_hyper_params", { task, hyperparams })).to.deep.equal({ deleted: 1 });
    };

    it("takes items and sections away; a section stays when its last item goes", async () => {
      const task = await filled();
      await remove(task, { section: "a" }, { section: "b", name: "y" }, { section: "none", name: "such" });
      expect((await read(task)).hyperparams).to.deep.equal({ b: {} });
    });

    it("does not take an item and its section in one call", async () => {
      const task = await filled();
      const hyperparams = [{ section: "a" }, { section: "a", name: "x" }];
      expect(await refused("tasks.delete_hyper_params", { task, hyperparams })).to.match(/^400\/15 Conflicting fields \(/);
      expect(await names(task)).to.have.lengthOf(3);
    });

    it("asks for the same status as an edit", async () => {
      const task = await ended(await filled());
      const hyperparams = [{ section: "a" }];
      expect(await refused("tasks.delete_hyper_params", { task, hyperparams, force: true })).to.contain("400/110");
      await remove(task, { section: "properties" });
    });
  });

  const configured = async (): Promise<string> =>
    await server.task({ configuration: { b: { name: "b", value: "1" }, a: { name: "a", value: "" }, "c.d": { name: "c.d", value: "3" } } });
  const held = async (task: string): Promise<string[]> =>
    (await server.ask("tasks.get_configurations", { tasks: [task] })).configurations[0].configuration.map(
      (one: { name: string; value: string }) => `${one.name}=${one.value}`,
    );

  describe("tasks.get_configurations", () => {
    it("lists the items by name, or those that are named", async () => {
      const task = await configured();
      expect(await held(task)).to.deep.equal(["a=", "b=1", "c.d=3"]);
      const { configurations } = await server.ask("tasks.get_configurations", { tasks: [task], names: ["c.d", "zz"] });
      expect(configurations).to.deep.equal([{ task, configuration: [{ name: "c.d", value: "3" }] }]);
      expect(await held(await server.task())).to.deep.equal([]);
      expect(await refused("tasks.get_configurations", { tasks: ["nope"] })).to.equal("400/101 Invalid task id: ids=(nope)");
    });
  });

  describe("tasks.get_configuration_names", () => {
    it("leaves out empty ones unless asked, and tasks that have none or are not there", async () => {
      const task = await configured();
      const namesOf = async (more: object): Promise<unknown> =>
        (await server.ask("tasks.get_configuration_names", { tasks: [task, await server.task(), "nope"], ...more })).configurations;
      expect(await namesOf({})).to.deep.equal([{ task, names: ["b", "c.d"] }]);
      expect(await namesOf({ skip_empty: false })).to.deep.equal([{ task, names: ["a", "b", "c.d"] }]);
    });
  });

  describe("tasks.edit_configuration", () => {
    it("overwrites items, or replaces all", async () => {
      const task = await configured();
      const edit = async (more: object): Promise<string[]> => {
        expect(await server.ask("tasks.edit_configuration", { task, ...more })).to.deep.equal({ updated: 1 });
        return await held(task);
      };
      expect(await edit({ configuration: [{ name: "b", value: "2" }] })).to.deep.equal(["a=", "b=2", "c.d=3"]);
      expect(await edit({ configuration: [{ name: "n", value: "" }], replace_configuration: true })).to.deep.equal(["n="]);
      expect(await refused("tasks.edit_configuration", { task, configuration: [{ name: "x" }] })).to.contain("400/12");
    });

    it("is for drafts, or with force for waiting and running tasks", async () => {
      const task = await configured();
      await server.ask("tasks.started", { task });
      const more = { task, configuration: [{ name: "b", value: "5" }] };
      expect(await refused("tasks.edit_configuration", more)).to.equal("400/110 Invalid task status: expected=created, status=in_progress");
      await server.ask("tasks.edit_configuration", { ...more, force: true });
      expect(await held(task)).to.include("b=5");
    });
  });

  describe("tasks.delete_configuration", () => {
    it("takes the named ones away, unknown ones are fine", async () => {
      const task = await configured();
      expect(await server.ask("tasks.delete_configuration", { task, configuration: ["c.d", "zz"] })).to.deep.equal({ deleted: 1 });
      expect(await held(task)).to.deep.equal(["a=", "b=1"]);
      await ended(task);
      expect(await refused("tasks.delete_configuration", { task, configuration: ["a"], force: true })).to.contain("400/110");
    });
  });
});
