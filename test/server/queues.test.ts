import { expect } from "chai";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("queues", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  let count = 0;
  const newQueue = async (fields: object = {}): Promise<string> =>
    (await server.ask("queues.create", { name: `queue ${count++}`, ...fields })).id as string;
  const queueOf = async (queue: string, more: object = {}): Promise<Record<string, unknown>> =>
    (await server.ask("queues.get_by_id", { queue, ...more })).queue;
  const entries = async (queue: string, more: object = {}): Promise<string[]> =>
    ((await queueOf(queue, more))["entries"] as { task: string }[]).map(({ task }) => task);
  const taskOf = async (task: string): Promise<Record<string, unknown>> => (await server.ask("tasks.get_by_id", { task })).task;
  const filled = async (tasks = 3): Promise<{ queue: string; tasks: string[] }> => {
    const queue = await newQueue();
    const ids: string[] = [];
    for (let n = 0; n < tasks; n++) {
      ids.push(await server.task({ name: `task ${n}` }));
      await server.ask("tasks.enqueue", { task: ids.at(-1), queue });
    }
    return { queue, tasks: ids };
  };
  const refusal = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  const unknown = `400/701 Invalid queue id: id=nope, company=${COMPANY}`;

  describe("queues.create", () => {
    it("stores what is given, trimmed, with tags in order", async () => {
      const metadata = { k: { key: "k", type: "t", value: "v" } };
      const id = await newQueue({ name: "  made here ", display_name: " shown ", tags: ["b", "a"], system_tags: ["s"], metadata });
      const queue = await queueOf(id);
      expect(queue).to.deep.include({
        id,
        name: "made here",
        display_name: "shown",
        company: COMPANY,
        tags: ["a", "b"],
        system_tags: ["s"],
      });
      expect(queue).to.deep.include({ metadata, entries: [], last_update: queue["created"] });
      expect(queue).to.not.have.any.keys("user", "resources");
    });

    it("refuses short names and those that are taken", async () => {
      expect(await refusal("queues.create", { name: " ab" })).to.equal("400/800 Data validation error: name=String value is too short");
      await newQueue({ name: "taken" });
      expect(await refusal("queues.create", { name: "taken" })).to.equal(
        `400/801 Value combination already exists (unique field already contains this value): name=taken, company=${COMPANY}`,
      );
    });
  });

  describe("queues.get_by_id", () => {
    it("shows as many entries as asked for: the first, the last, all", async () => {
      const { queue, tasks } = await filled();
      expect(await entries(queue, { max_task_entries: 2 })).to.deep.equal(tasks.slice(0, 2));
      expect(await entries(queue, { max_task_entries: -2 })).to.deep.equal(tasks.slice(1));
      expect(await entries(queue, { max_task_entries: 0 })).to.deep.equal(tasks);
      expect(await refusal("queues.get_by_id", { queue: "nope" })).to.equal(unknown);
    });

    it("gives versions up to 2.16 the metadata as a list", async () => {
      const item = { key: "k", type: "t", value: "v" };
      const queue = await newQueue({ metadata: { k: item } });
      expect((await server.ask("v2.16/queues.get_by_id", { queue })).queue.metadata).to.deep.equal([item]);
    });
  });

  describe("queues.get_all", () => {
    it("gives exactly the asked fields, entries among them", async () => {
      const { queue, tasks } = await filled(2);
      const asked = async (only_fields: string[], more: object = {}): Promise<object[]> =>
        (await server.ask("queues.get_all", { id: [queue], only_fields, ...more })).queues;
      expect(await asked(["tags"])).to.deep.equal([{ tags: [] }]);
      expect(await asked(["id", "entries.task"], { max_task_entries: 1 })).to.deep.equal([{ id: queue, entries: [{ task: tasks[0] }] }]);
      expect((await asked(["-entries", "-name"]))[0])
        .to.include({ id: queue })
        .and.not.have.any.keys("entries", "name");
    });

    it("orders and searches by entries, and knows no workers", async () => {
      const [first, second] = [await filled(2), await filled(1)];
      const empty = await newQueue({ name: "nobody waits" });
      const id = [first.queue, second.queue, empty];
      const found = async (body: object): Promise<string[]> =>
        (await server.ask("queues.get_all", { id, only_fields: ["id"], ...body })).queues.map((queue: { id: string }) => queue.id);
      expect(await found({ order_by: ["entries.added"] })).to.deep.equal(id);
      expect(await found({ order_by: ["-entries.added"] })).to.deep.equal([second.queue, first.queue, empty]);
      expect(await found({ _any_: { fields: ["entries.task"], pattern: first.tasks[1] } })).to.deep.equal([first.queue]);
      for (const body of [{ order_by: ["workers"] }, { only_fields: ["workers"] }])
        expect((await server.call("queues.get_all", body)).subcode).to.equal(14);
    });

    it("hides what k8s-glue serves, unless it is named", async () => {
      const id = await newQueue({ name: "glued queue", system_tags: ["k8s-glue"] });
      const found = async (body: object): Promise<boolean> =>
        (await server.ask("queues.get_all", body)).queues.some((queue: { id: string }) => queue.id === id);
      expect(await found({})).to.equal(false);
      for (const body of [{ search_hidden: true }, { id: [id] }, { name: "glued" }]) expect(await found(body)).to.equal(true);
    });
  });

  describe("queues.get_all_ex", () => {
    it("joins the names of tasks and the workers that serve it, whatever fields are asked for", async () => {
      const { queue, tasks } = await filled(2);
      await server.ask("tasks.delete", { task: await server.task() });
      await server.ask("queues.add_task", { queue, task: "gone" });
      await server.ask("workers.status_report", { worker: "ex:0", timestamp: Date.now(), queues: [queue], task: tasks[0] });
      await server.ask("workers.register", { worker: "ex:1", queues: [queue] });
      const [found] = (await server.ask("queues.get_all_ex", { id: [queue], only_fields: ["name"] })).queues;
      expect(found.company).to.deep.equal({ id: COMPANY });
      expect(found.entries.map((entry: { task: object }) => entry.task)).to.deep.equal([
        { id: tasks[0], name: "task 0" },
        { id: tasks[1], name: "task 1" },
        { id: "gone" },
      ]);
      const workers = found.workers.toSorted((a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name));
      expect(workers.map(({ key: _, ...worker }: { key: string }) => worker)).to.deep.equal([
        { name: "ex:0", ip: "127.0.0.1", task: { id: tasks[0], name: "task 0" } },
        { name: "ex:1", ip: "127.0.0.1", task: null },
      ]);
    });
  });

  describe("queues.get_default", () => {
    it("is the one with the tag, of which there is one", async () => {
      const before = await server.ask("queues.get_default");
      expect(before.name).to.equal("default");
      const second = await newQueue({ system_tags: ["default"] });
      expect(await refusal("queues.get_default", {})).to.equal(
        `400/708 More than one queue is tagged as the default queue for this company: queues=(${before.id}, ${second})`,
      );
      for (const queue of [before.id, second]) await server.ask("queues.update", { queue, system_tags: [] });
      expect(await refusal("queues.get_default", {})).to.equal("400/707 No queue is tagged as the default queue for this company");
      await server.ask("queues.update", { queue: before.id, system_tags: ["default"] });
      expect((await server.ask("queues.get_default")).id).to.equal(before.id);
    });
  });

  describe("queues.update", () => {
    it("changes what is given and leaves last_update", async () => {
      const queue = await newQueue({ metadata: { old: { key: "old", type: "t", value: "v" } } });
      const before = await queueOf(queue);
      const metadata = { k: { key: "k", type: "t", value: "v" } };
      const fields = { name: `renamed ${queue}`, tags: ["y", "z"], metadata };
      expect(await server.ask("queues.update", { queue, ...fields, tags: ["z", "y"], display_name: null })).to.deep.equal({
        updated: 1,
        fields,
      });
      expect(await queueOf(queue)).to.deep.equal({ ...before, ...fields });
      expect(await server.ask("queues.update", { queue, name: null })).to.deep.equal({ updated: 0, fields: {} });
      expect(await refusal("queues.update", { queue: "nope", name: "x y z" })).to.equal(unknown);
    });
  });

  describe("queues.add_task", () => {
    it("appends, and says it to the task only", async () => {
      const [queue, task] = [await newQueue(), await server.task()];
      const before = await taskOf(task);
      expect(await server.ask("queues.add_task", { queue, task })).to.deep.equal({ added: 1 });
      expect(await entries(queue)).to.deep.equal([task]);
      expect(await taskOf(task)).to.deep.equal({ ...before, execution: { ...(before["execution"] as object), queue } });
      expect(await refusal("queues.add_task", { queue, task })).to.equal(
        `400/706 Failed adding task to queue since task is already queued: task=${task}`,
      );
      expect(await refusal("queues.add_task", { queue: "nope", task })).to.equal(unknown);
    });

    it("leaves the task's queue when told so", async () => {
      const [queue, task] = [await newQueue(), await server.task()];
      await server.ask("queues.add_task", { queue, task, update_execution_queue: false });
      expect((await taskOf(task))["execution"]).to.not.have.property("queue");
    });
  });

  describe("queues.get_next_task", () => {
    it("takes the head, and says whose it is", async () => {
      const { queue, tasks } = await filled(2);
      expect(await server.ask("queues.get_next_task", { queue, task: tasks[1] })).to.deep.equal({});
      const reply = await server.ask("queues.get_next_task", { queue, get_task_info: true, task: tasks[0] });
      expect(reply.entry.task).to.equal(tasks[0]);
      expect(reply.task_info).to.include({ company: COMPANY });
      expect((await taskOf(tasks[0] ?? ""))["status"]).to.equal("queued");
      await server.ask("queues.get_next_task", { queue });
      expect(await server.ask("queues.get_next_task", { queue })).to.deep.equal({});
      expect(await refusal("queues.get_next_task", { queue: "nope" })).to.equal(unknown);
    });

    it("hands out entries of tasks that are gone, and queues a stopped one again", async () => {
      const [queue, task] = [await newQueue(), await server.task()];
      await server.ask("queues.add_task", { queue, task: "gone" });
      expect(await server.ask("queues.get_next_task", { queue, get_task_info: true })).to.have.all.keys("entry");
      await server.ask("tasks.stopped", { task, force: true });
      await server.ask("queues.add_task", { queue, task });
      await server.ask("queues.get_next_task", { queue });
      expect((await taskOf(task))["status"]).to.equal("queued");
    });
  });

  describe("queues.peek_task", () => {
    it("tells the head and leaves it", async () => {
      const { queue, tasks } = await filled(1);
      expect(await server.ask("queues.peek_task", { queue })).to.deep.equal({ task: tasks[0] });
      expect(await entries(queue)).to.deep.equal(tasks);
      expect(await server.ask("queues.peek_task", { queue: await newQueue() })).to.deep.equal({ task: null });
      expect(await refusal("queues.peek_task", { queue: "nope" })).to.equal(unknown);
    });
  });

  describe("queues.get_num_entries", () => {
    it("counts as tasks come and go", async () => {
      const { queue, tasks } = await filled(3);
      expect(await server.ask("queues.get_num_entries", { queue })).to.deep.equal({ num: 3 });
      await server.ask("tasks.delete", { task: tasks[1], force: true });
      await server.ask("queues.get_next_task", { queue });
      expect(await server.ask("queues.get_num_entries", { queue })).to.deep.equal({ num: 1 });
      expect(await refusal("queues.get_num_entries", { queue: "nope" })).to.equal("400/701 Invalid queue id: queue_id=nope");
    });
  });

  describe("queues.remove_task", () => {
    it("takes one off, and with update_task_status its task back to what it was", async () => {
      const { queue, tasks } = await filled(2);
      expect(await server.ask("queues.remove_task", { queue, task: tasks[0] })).to.deep.equal({ removed: 1 });
      expect((await taskOf(tasks[0] ?? ""))["status"]).to.equal("queued");
      await server.ask("queues.remove_task", { queue, task: tasks[1], update_task_status: true });
      const task = await taskOf(tasks[1] ?? "");
      expect(task).to.include({ status: "created", status_reason: `Task was removed from the queue ${queue}` });
      expect(task["execution"]).to.not.have.property("queue");
      expect(await entries(queue)).to.deep.equal([]);
      for (const [id, gone] of [
        [queue, tasks[0]],
        ["nope", "x"],
      ])
        expect(await refusal("queues.remove_task", { queue: id, task: gone })).to.equal(
          `400/703 Invalid queue id or task not in queue: task=${gone}, id=${id}, company=${COMPANY}`,
        );
    });
  });

  describe("queues.clear_queue", () => {
    it("takes all off and lists the tasks that went back", async () => {
      const { queue, tasks } = await filled(2);
      await server.ask("queues.add_task", { queue, task: "gone" });
      expect((await server.ask("queues.clear_queue", { queue })).removed_tasks).to.have.members(tasks);
      expect(await entries(queue)).to.deep.equal([]);
      expect(await taskOf(tasks[0] ?? "")).to.include({ status: "created", status_reason: `Queue ${queue} was cleared` });
      expect(await server.ask("queues.clear_queue", { queue })).to.deep.equal({ removed_tasks: [] });
      expect(await refusal("queues.clear_queue", { queue: "nope" })).to.equal("400/701 Invalid queue id: queue=nope");
    });
  });

  describe("queues.delete", () => {
    it("deletes an empty queue, and one with entries by force", async () => {
      const { queue, tasks } = await filled(1);
      expect(await refusal("queues.delete", { queue })).to.equal(`400/702 Queue is not empty (use force=true to delete): id=${queue}`);
      expect(await server.ask("queues.delete", { queue, force: true })).to.deep.equal({ deleted: 1 });
      expect(await refusal("queues.get_by_id", { queue })).to.equal(`400/701 Invalid queue id: id=${queue}, company=${COMPANY}`);
      expect(await taskOf(tasks[0] ?? "")).to.include({ status: "created", status_reason: `Queue ${queue} was deleted` });
      expect(await server.ask("queues.delete", { queue: await newQueue() })).to.deep.equal({ deleted: 1 });
      expect(await refusal("queues.delete", { queue: "nope" })).to.equal(unknown);
    });
  });

  for (const [name, body, order, position] of [
    ["move_task_forward", { count: 1 }, "0213", 1],
    ["move_task_forward", { count: 99 }, "2013", 0],
    ["move_task_forward", { count: -1 }, "0132", 3],
    ["move_task_backward", {}, "0132", 3],
    ["move_task_backward", { count: -2 }, "2013", 0],
    ["move_task_backward", { count: 99 }, "0132", 3],
    ["move_task_to_front", {}, "2013", 0],
    ["move_task_to_back", {}, "0132", 3],
  ] as const) {
    describe(`queues.${name}`, () => {
      it(`brings the third of four to place ${position} with ${JSON.stringify(body)}`, async () => {
        const { queue, tasks } = await filled(4);
        const { last_update } = await queueOf(queue);
        expect(await server.ask(`queues.${name}`, { queue, task: tasks[2], ...body })).to.deep.equal({ position });
        expect((await entries(queue)).map((task) => tasks.indexOf(task)).join("")).to.equal(order);
        expect((await queueOf(queue))["last_update"]).to.equal(last_update);
        expect(await refusal(`queues.${name}`, { queue, task: "nope" })).to.match(/^400\/703 .*: task=nope, id=/);
      });
    });
  }

  describe("queues.add_or_update_metadata", () => {
    it("adds by key, or replaces all", async () => {
      const item = (key: string, value: string): object => ({ key, type: "t", value });
      const queue = await newQueue({ metadata: { a: item("a", "1") } });
      const before = (await queueOf(queue))["last_update"];
      expect(await server.ask("queues.add_or_update_metadata", { queue, metadata: [item("b", "2"), item("a", "3")] })).to.deep.equal({
        updated: 1,
      });
      expect(await queueOf(queue)).to.deep.include({ metadata: { a: item("a", "3"), b: item("b", "2") }, last_update: before });
      await server.ask("queues.add_or_update_metadata", { queue, metadata: [item("c", "4")], replace_metadata: true });
      expect((await queueOf(queue))["metadata"]).to.deep.equal({ c: item("c", "4") });
      expect(await refusal("queues.add_or_update_metadata", { queue: "nope", metadata: [item("c", "4")] })).to.equal(unknown);
    });
  });

  describe("queues.delete_metadata", () => {
    it("deletes keys, unknown ones too", async () => {
      const queue = await newQueue({ metadata: { a: { key: "a", type: "t", value: "1" } } });
      expect(await server.ask("queues.delete_metadata", { queue, keys: ["a", "zz"] })).to.deep.equal({ updated: 1 });
      expect((await queueOf(queue))["metadata"]).to.deep.equal({});
      expect(await refusal("queues.delete_metadata", { queue: "nope", keys: ["a"] })).to.equal(unknown);
    });
  });

  describe("queues.get_queue_metrics", () => {
    const range = (): object => ({ from_date: Date.now() / 1000 - 60, to_date: Date.now() / 1000 + 60, interval: 1000 });
    const rows = async (
      body: object,
    ): Promise<{ queue: string; dates: number[]; avg_waiting_times: number[]; queue_lengths: number[] }[]> =>
      (await server.ask("queues.get_queue_metrics", { ...range(), ...body })).queues;

    it("has the point of the longest waiting, which a pop writes before it pops", async () => {
      const { queue, tasks } = await filled(2);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await server.ask("queues.get_next_task", { queue });
      await server.ask("queues.remove_task", { queue, task: tasks[1] });
      const [row, ...others] = await rows({ queue_ids: [queue, "nope"] });
      expect(others).to.deep.equal([]);
      expect(row?.queue).to.equal(queue);
      expect(row?.queue_lengths.at(-1)).to.equal(2);
      expect(row?.avg_waiting_times.at(-1)).to.be.within(0.02, 60);
      for (const date of row?.dates ?? []) expect(date % 1_000_000).to.equal(0);
    });

    it("writes a point at once with refresh, and stays silent of unknown queues", async () => {
      const queue = await newQueue();
      expect(await rows({ queue_ids: [queue] })).to.deep.equal([]);
      await rows({ queue_ids: [queue], refresh: true });
      expect((await rows({ queue_ids: [queue] }))[0]).to.deep.include({ queue, queue_lengths: [0], avg_waiting_times: [0] });
      expect(await rows({ queue_ids: ["nope"] })).to.deep.equal([]);
      const hidden = await newQueue({ system_tags: ["k8s-glue"] });
      expect(await rows({ queue_ids: [hidden], refresh: true })).to.deep.equal([]);
      expect(await rows({ queue_ids: [hidden], refresh: true, search_hidden: true })).to.have.length(1);
    });

    it("sums up all queues as total, weighted by length", async () => {
      await using other = await EmbeddedServer.start();
      for (const [name, tasks] of [
        ["one queue", 1],
        ["two queue", 2],
      ] as const) {
        const { id: queue } = await other.ask("queues.create", { name });
        for (let n = 0; n < tasks; n++) await other.ask("queues.add_task", { queue, task: await other.task() });
      }
      const { queues } = await other.ask("queues.get_queue_metrics", { ...range(), refresh: true });
      expect(queues).to.have.length(1);
      expect(queues[0]).to.include({ queue: "total" });
      expect(queues[0].queue_lengths.at(-1)).to.equal(3);
    });

    it("refuses a range that ends before it begins", async () => {
      const body = { from_date: 5, to_date: 5, interval: 1 };
      expect(await refusal("queues.get_queue_metrics", body)).to.equal(
        "400/16 Invalid value for fields (from_date must be less than to_date)",
      );
    });
  });
});
