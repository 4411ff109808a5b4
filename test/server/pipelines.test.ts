import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;
let project: string;
let queue: string;

// biome-ignore lint/suspicious/noExplicitAny: what the wire gives
type Found = any;
const arg = (name: string, value: string): object => ({ section: "Args", name, value });
const controller = async (fields: object = {}): Promise<string> =>
  await server.task({ name: "pipe one", type: "controller", system_tags: ["pipeline"], project, ...fields });
const task = async (id: string): Promise<Found> => (await server.ask("tasks.get_by_id", { task: id })).task;
const runs = async (): Promise<Found[]> => (await server.ask("tasks.get_all", { project: [project], type: ["controller"] })).tasks;

describe("pipelines", () => {
  before(async () => {
    server = await EmbeddedServer.start();
    queue = (await server.ask("queues.create", { name: "pipes" })).id;
  });
  after(async () => await server[Symbol.asyncDispose]());
  beforeEach(async () => {
    project = (await server.ask("projects.create", { name: "lab/.pipelines/pipe one", system_tags: ["pipeline"] })).id;
  });
  afterEach(async () => await server.ask("projects.delete", { project, force: true, delete_contents: true }));

  describe("pipelines.start_pipeline", () => {
    it("enqueues a numbered clone with the arguments over its own", async () => {
      const source = await controller({ hyperparams: { Args: { lr: arg("lr", "1"), bs: arg("bs", "2") } } });
      const reply = await server.ask("pipelines.start_pipeline", {
        task: source,
        queue,
        args: [
          { name: "lr", value: "9" },
          { name: "new", value: "n" },
        ],
      });
      expect(reply).to.deep.equal({ pipeline: reply.pipeline, enqueued: true });
      const run = await task(reply.pipeline);
      expect(run).to.include({ name: "pipe one #2", status: "queued", status_message: "Starting pipeline", project });
      expect(run.hyperparams.Args).to.deep.equal({ lr: arg("lr", "9"), bs: arg("bs", "2"), new: arg("new", "n") });
      expect((await task(source)).hyperparams.Args.lr.value).to.equal("1");
      const second = await server.ask("pipelines.start_pipeline", { task: source, queue, verify_watched_queue: true });
      expect(second.queue_watched).to.equal(false);
      expect((await task(second.pipeline)).name).to.equal("pipe one #3");
      const { entries } = (await server.ask("queues.get_by_id", { queue })).queue;
      expect(entries.map((entry: Found) => entry.task)).to.include.members([reply.pipeline, second.pipeline]);
    });

    it("without any run of that name takes the project's own", async () => {
      const source = await controller({ name: "something else" });
      const { pipeline } = await server.ask("pipelines.start_pipeline", { task: source, queue });
      expect((await task(pipeline)).name).to.equal("pipe one");
    });

    it("of an unknown queue leaves the clone behind as a draft; an unknown task is refused", async () => {
      const source = await controller();
      const bad = await server.call("pipelines.start_pipeline", { task: source, queue: "nope" });
      expect([bad.status, bad.subcode]).to.deep.equal([400, 701]);
      const left = (await runs()).find((run) => run.id !== source);
      expect(left).to.include({ name: "pipe one #2", status: "created" });
      expect((await server.call("pipelines.start_pipeline", { task: "nope", queue })).subcode).to.equal(101);
    });
  });

  describe("pipelines.delete_runs", () => {
    it("deletes runs with their steps, and passes over what is no run of the project", async () => {
      const [kept, gone, other] = [await controller(), await controller(), await server.task()];
      const step = await server.task({ parent: gone });
      await server.ask("tasks.started", { task: gone });
      expect(await server.ask("pipelines.delete_runs", { project, ids: [gone, other, "nope"] })).to.deep.equal({
        succeeded: [{ id: gone, deleted: true, updated_children: 0, updated_models: 0, deleted_models: 0, urls: null }],
        failed: [],
      });
      expect((await runs()).map((run) => run.id)).to.deep.equal([kept]);
      expect((await server.call("tasks.get_by_id", { task: step })).subcode).to.equal(101);
      expect(await task(other)).to.include({ id: other });
    });

    it("refuses to delete the last ones", async () => {
      const run = await controller();
      const refused = await server.call("pipelines.delete_runs", { project, ids: [run] });
      expect([refused.status, refused.subcode, refused.message]).to.deep.equal([
        400,
        160,
        `At least one pipeline run should be left: project=${project}`,
      ]);
      expect((await server.call("pipelines.delete_runs", { project: "nope", ids: ["x"] })).subcode).to.equal(160);
      expect(await task(run)).to.include({ id: run });
    });
  });
});
