import { request } from "node:http";
import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

const MIB = 2 ** 20;

describe("access to the server", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  /** Announces a body, sends a little of it, and takes the answer. */
  async function announce(endpoint: string, bytes: number, token?: string): Promise<{ status: number; text: string }> {
    return await new Promise((resolve, reject) => {
      const call = request(
        `${server.apiUrl}/${endpoint}`,
        {
          method: "POST",
          headers: { "content-length": bytes, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
        },
        (reply) => {
          let text = "";
          reply.on("data", (data: Buffer) => {
            text += data.toString();
          });
          reply.on("end", () => {
            resolve({ status: reply.statusCode ?? 0, text });
            call.destroy();
          });
        },
      );
      call.on("error", reject);
      call.write("{");
    });
  }

  it("is decided before the body comes", async () => {
    for (const endpoint of ["tasks.create", "events.add_batch", "auth.login"])
      expect((await announce(endpoint, 500 * MIB)).status, endpoint).to.equal(401);
    for (const endpoint of ["debug.ping", "login.supported_modes"])
      expect((await announce(endpoint, MIB)).text, endpoint).to.contain("longer than 65536 bytes");
  });

  it("gives a small room to calls about keys", async () => {
    expect((await announce("auth.login", MIB, server.token)).text).to.contain("longer than 65536 bytes");
  });

  it("has room for a task with its diff, and more for a batch of events", async () => {
    expect((await announce("tasks.create", 65 * MIB, server.token)).text).to.contain("longer than");
    expect((await announce("events.add_batch", 257 * MIB, server.token)).text).to.contain("longer than");
    const diff = "x".repeat(40 * MIB);
    const id = await server.task({ script: { diff } });
    expect((await server.ask("tasks.get_by_id", { task: id })).task.script.diff.length).to.equal(diff.length);
  });

  it("ends a body without a length where it is too long", async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 8; n++) yield new Uint8Array(64 * 1024);
    }
    const reply = await fetch(`${server.apiUrl}/debug.ping`, {
      method: "POST",
      body: ReadableStream.from(chunks()),
      duplex: "half",
    } as never);
    expect(reply.status).to.equal(400);
  });

  it("takes bodies with GET, and none at all", async () => {
    const text = await new Promise<string>((resolve) => {
      const body = JSON.stringify({ only_fields: ["id"] });
      const call = request(
        `${server.apiUrl}/v2.5/tasks.get_all`,
        { method: "GET", headers: { authorization: `Bearer ${server.token}`, "content-length": body.length } },
        (reply) => reply.on("data", (data: Buffer) => resolve(data.toString())),
      );
      call.end(body);
    });
    expect(text).to.contain('"result_code":200');
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
      expect((await fetch(`${server.apiUrl}/debug.ping`, { method })).status, method).to.equal(200);
    for (const path of ["/%", "/", "/nothing", "/v2/debug.ping"]) {
      const reply = await fetch(`${server.apiUrl}${path}`);
      expect(reply.status, path).to.equal(400);
      expect(await reply.json(), path).to.have.property("meta");
    }
  });

  it("of a run leaves users and keys alone", async () => {
    const token = await server.runToken({ windlass_task: await server.task() });
    for (const endpoint of ["auth.create_credentials", "auth.get_credentials", "users.set_preferences", "internal.bootstrap"])
      expect((await server.call(endpoint, {}, { token })).status, endpoint).to.be.oneOf([403, 404]);
    const other = await server.task();
    expect((await server.call("tasks.get_by_id", { task: other }, { token })).status).to.equal(200);
    const { token: renewed } = await server.ask("auth.login", { windlass_scope: "full" }, { token });
    expect((await server.call("auth.create_credentials", {}, { token: renewed })).status).to.equal(403);
  });

  describe("of a run that is limited to its own task", () => {
    let own: string;
    let other: string;
    let token: string;

    before(async () => {
      [own, other] = [await server.task(), await server.task()];
      token = await server.runToken({ windlass_task: own, windlass_only_task: true });
    });

    const statusOf = async (endpoint: string, body: object): Promise<number> => (await server.call(endpoint, body, { token })).status;

    it("reaches that task and its events", async () => {
      const log = { type: "log", task: own, msg: "x" };
      for (const [endpoint, body] of [
        ["tasks.get_by_id", { task: own }],
        ["tasks.get_all", { id: [own] }],
        ["tasks.started", { task: own }],
        ["tasks.edit_runtime", { task: own, add_or_update: { a: 1 } }],
        ["tasks.get_hyper_params", { tasks: [own] }],
        ["events.add_batch", log],
        ["events.get_task_log", { task: own }],
        ["events.debug_images", { metrics: [{ task: own, metric: "m" }] }],
        ["events.get_task_plots", { task: own, metrics: [{ metric: "m" }] }],
        ["projects.get_all", {}],
        ["queues.get_all", {}],
        ["users.get_current_user", {}],
        ["models.create", { name: "a model", uri: "u", task: own }],
      ] as const)
        expect(await statusOf(endpoint, body), endpoint).to.equal(200);
    });

    it("reaches no other, whichever field names it", async () => {
      const model = (await server.ask("models.create", { name: "a model", uri: "u", task: other })).id as string;
      for (const [endpoint, body] of [
        ["tasks.delete", { task: other, force: true }],
        ["tasks.delete_many", { ids: [own, other] }],
        ["tasks.update_tags", { task: own, ids: [other], add_tags: ["x"] }],
        ["tasks.archive", { tasks: [other] }],
        ["reports.get_task_data", { id: [other], plots: {} }],
        ["projects.get_hyperparam_values", { section: "Args", name: "key" }],
        ["pipelines.start_pipeline", { task: other, queue: "q" }],
        ["organization.get_entities_count", { tasks: { id: [other] } }],
        ["tasks.get_all", {}],
        ["tasks.get_all", { id: [own, other] }],
        ["tasks.get_by_id_ex", { id: other }],
        ["tasks.create", { name: "a task", type: "training" }],
        ["events.add_batch", { type: "log", task: other, msg: "x" }],
        ["events.get_task_log", { task: other }],
        ["events.multi_task_scalar_metrics_iter_histogram", { tasks: [own, other] }],
        ["events.debug_images", { metrics: [{ task: other }] }],
        ["queues.create", { name: "a queue" }],
        ["queues.get_next_task", { queue: "x" }],
        ["workers.unregister", { worker: "w" }],
        ["projects.create", { name: "a project" }],
        ["models.edit", { model, comment: "x" }],
        ["models.create", { name: "a model", uri: "u" }],
      ] as const)
        expect(await statusOf(endpoint, body), `${endpoint} ${JSON.stringify(body)}`).to.equal(403);
      const { token: renewed } = await server.ask("auth.login", {}, { token });
      expect((await server.call("tasks.get_by_id", { task: other }, { token: renewed })).status).to.equal(403);
    });

    it("makes and enqueues none, lists no others by fields that do not count, and touches no other's models", async () => {
      for (const [endpoint, body] of [
        ["tasks.enqueue", { task: own, queue_name: "friends", force: true }],
        ["tasks.create", { name: "another", type: "training", task: own }],
        ["tasks.clone", { task: own }],
        ["tasks.get_all", { task: own }],
        ["tasks.get_all", { ids: [own] }],
        ["models.archive_many", { ids: ["f".repeat(32)], task: own }],
      ] as const)
        expect(await statusOf(endpoint, body), endpoint).to.equal(403);
    });

    it("deletes files of its own task only", async () => {
      const headers = { authorization: `Bearer ${token}` };
      const files = [`p/a task.${own}/artifacts/f`, `p/a task.${other}/artifacts/f`, "f", `${own}`];
      for (const name of files) {
        const form = new FormData();
        form.append(name, new Blob(["x"]), "f");
        await fetch(server.filesUrl, { method: "POST", body: form, headers });
      }
      const gone = files.map(async (name) => (await fetch(`${server.filesUrl}/${encodeURI(name)}`, { method: "DELETE", headers })).status);
      expect(await Promise.all(gone)).to.deep.equal([200, 403, 403, 403]);
      const many = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify({ files: ["f"] }) };
      for (const path of ["delete_many", "%64elete_many"]) expect((await fetch(`${server.filesUrl}/${path}`, many)).status).to.equal(403);
    });

    it("names the task that it is limited to", async () => {
      expect((await server.call("auth.login", { windlass_scope: "run", windlass_only_task: true })).status).to.equal(400);
    });
  });
});
