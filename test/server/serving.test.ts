import { expect } from "chai";
import { Database } from "../../server/store/database.ts";
import { COMPANY } from "../../server/store/store.ts";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";

describe("serving", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  let count = 0;
  const newUrl = (): string => `http://serving/${count++}`;
  const container = (id: string, fields: object = {}): object => ({ container_id: id, endpoint_name: "ep", model_name: "m", ...fields });
  const report = async (id: string, url: string, fields: object = {}): Promise<object> =>
    await server.ask("serving.container_status_report", container(id, { endpoint_url: url, ...fields }));
  const loading = async (id: string): Promise<object | undefined> =>
    (await server.ask("serving.get_loading_instances")).instances.find((one: { id: string }) => one.id === id);
  const endpoint = async (url: string): Promise<object | undefined> =>
    (await server.ask("serving.get_endpoints")).endpoints.find((one: { url: string }) => one.url === url);
  /** Written beside the server, since reports are of this moment. */
  const inStore = (sql: string, ...values: (string | number)[]): void => {
    const db = new Database(databaseOf(server), { readonly: false });
    db.run(sql, ...values);
    db.close();
  };
  const addPoint = (url: string, id: string, at: number, figures: object): void =>
    inStore(
      "INSERT INTO serving_points (company, url, container, at, figures) VALUES (?, ?, ?, ?, ?)",
      ...[COMPANY, url, id, at, JSON.stringify(figures)],
    );

  describe("serving.register_container", () => {
    it("takes the place of an earlier registration", async () => {
      expect(await server.ask("serving.register_container", container("r1", { input_type: "old" }))).to.deep.equal({});
      await server.ask("serving.register_container", container("r1", { model_version: "2" }));
      expect(await loading("r1")).to.include({ model_version: "2", input_type: null });
    });

    it("counts until its timeout is over, unless a report renews it", async () => {
      await server.ask("serving.register_container", container("short", { timeout: 1 }));
      expect(await loading("short")).to.include({ id: "short" });
      inStore("UPDATE serving_containers SET expires = ? WHERE id = 'short'", Date.now() - 1);
      expect(await loading("short")).to.equal(undefined);
    });
  });

  describe("serving.get_loading_instances", () => {
    it("shows those that have no address yet", async () => {
      await server.ask("serving.register_container", container("l1", { model_source: "src", input_size: "3" }));
      expect(await loading("l1")).to.include({
        endpoint: "ep",
        model: "m",
        model_source: "src",
        input_size: "3",
        url: null,
        uptime_sec: null,
      });
      expect(await loading("l1"))
        .to.have.property("age_sec")
        .that.is.a("number");
      await report("l1", newUrl());
      expect(await loading("l1")).to.equal(undefined);
    });
  });

  describe("serving.unregister_container", () => {
    it("forgets a container, and does not mind one that is not there", async () => {
      await server.ask("serving.register_container", container("u1"));
      expect(await server.ask("serving.unregister_container", { container_id: "u1" })).to.deep.equal({});
      expect(await loading("u1")).to.equal(undefined);
      expect(await server.ask("serving.unregister_container", { container_id: "u1" })).to.deep.equal({});
    });
  });

  describe("serving.container_status_report", () => {
    it("registers whom nobody knows, and wants an address", async () => {
      const url = newUrl();
      expect(await report("c1", url, { requests_num: 3 })).to.deep.equal({});
      expect(await endpoint(url)).to.include({ instances: 1, requests: 3 });
      const reply = await server.call("serving.container_status_report", container("c1"));
      expect(reply).to.include({ status: 400, subcode: 12, message: "Validation error (Missing required field 'endpoint_url')" });
    });
  });

  describe("serving.get_endpoints", () => {
    it("puts the instances of one address together", async () => {
      const url = newUrl();
      await report("e1", url, { uptime_sec: 5, requests_num: 3, requests_min: 1.111, latency_ms: 10 });
      await report("e2", url, { uptime_sec: 9, requests_num: 4, requests_min: 2.222, latency_ms: 13 });
      const figures = { instances: 2, uptime_sec: 9, requests: 7, requests_min: 1.67, latency_ms: 12 };
      expect(await endpoint(url)).to.include({ endpoint: "ep", model: "m", ...figures });
    });

    it("says null where nothing was reported", async () => {
      const url = newUrl();
      await server.ask("serving.register_container", container("e3", { endpoint_url: url }));
      expect(await endpoint(url)).to.include({ uptime_sec: null, requests: 0, requests_min: null, latency_ms: null });
    });
  });

  describe("serving.get_endpoint_details", () => {
    it("shows each instance", async () => {
      const url = newUrl();
      const reference = [{ type: "task", value: "t" }];
      const machine_stats = { cpu_usage: [1, 2, 3], gpu_usage: [4] };
      await report("d1", url, { uptime_sec: 5, requests_num: 3, reference, machine_stats, preprocess_artifact: "p" });
      const details = await server.ask("serving.get_endpoint_details", { endpoint_url: url });
      expect(details).to.include({ endpoint: "ep", model: "m", url, preprocess_artifact: "p", uptime_sec: 5 });
      expect(details.instances).to.have.length(1);
      expect(details.instances[0]).to.deep.include({ id: "d1", requests: 3, reference, cpu_count: 3, gpu_count: 1, latency_ms: null });
    });

    it("refuses an address that nobody serves, and several instances of which one does not tell its uptime", async () => {
      const url = newUrl();
      const ask = async () => await server.call("serving.get_endpoint_details", { endpoint_url: url });
      expect(await ask()).to.include({ status: 400, subcode: 1052 });
      await report("d2", url);
      expect((await ask()).status).to.equal(200);
      await report("d3", url, { uptime_sec: 1 });
      expect(await ask()).to.include({ status: 500, subcode: 0 });
    });
  });

  describe("serving.get_endpoint_metrics_history", () => {
    const STEP = 60_000;
    const start = Math.floor(Date.now() / STEP) * STEP - 100 * STEP;
    const history = async (url: string, fields: object = {}): Promise<{ total: object; instances: object; computed_interval: number }> =>
      await server.ask("serving.get_endpoint_metrics_history", {
        endpoint_url: url,
        from_date: start / 1000,
        to_date: (start + 4 * STEP) / 1000,
        interval: 60,
        ...fields,
      });

    it("shows requests where there are some: of an instance the most of each span, of all the sum", async () => {
      const url = newUrl();
      for (const [id, at, requests] of [
        ["h1", 0, 1],
        ["h1", 1, 4],
        ["h2", 2, 10],
        ["h1", 2 * STEP, 7],
      ] as const)
        addPoint(url, id, start + at, { requests });
      const dates = [start, start + 2 * STEP];
      expect(await history(url)).to.deep.equal({
        computed_interval: 60,
        total: { title: "Number of Requests", dates, values: [14, 7] },
        instances: { h1: { title: "h1", dates, values: [4, 7] }, h2: { title: "h2", dates, values: [10, 0] } },
      });
    });

    it("fills the whole range with zeros for other figures, takes means, and leaves the last span out", async () => {
      const url = newUrl();
      addPoint(url, "h1", start, { latency_ms: 10 });
      addPoint(url, "h1", start + 1, { latency_ms: 20 });
      addPoint(url, "h2", start + 2, { latency_ms: 20.005 });
      const { total, instances } = await history(url, { metric_type: "latency_ms" });
      const dates = [0, 1, 2, 3].map((n) => start + n * STEP);
      expect(total).to.deep.equal({ title: "Average Latency (ms)", dates, values: [17.5, 0, 0, 0] });
      expect(instances).to.have.all.keys("h1", "h2");
    });

    it("keeps what a container reports of its machine, in GB", async () => {
      const url = newUrl();
      await report("h9", url, { machine_stats: { memory_used: 1024, memory_free: 512, cpu_usage: [10, 30], gpu_memory_used: [512, 512] } });
      const now = Date.now();
      const fields = { from_date: now / 1000 - 600, to_date: now / 1000 + 600 };
      const most = async (metric_type: string): Promise<number> => {
        const { total } = await history(url, { ...fields, metric_type });
        return Math.max(...(total as { values: number[] }).values);
      };
      const found = [await most("ram_total"), await most("cpu_util"), await most("cpu_count"), await most("gpu_ram_used")];
      expect(found).to.deep.equal([1.5, 20, 2, 1]);
    });

    it("is empty where there is nothing, and has the official server's refusals", async () => {
      const url = newUrl();
      const { total, instances, computed_interval } = await history(url, { interval: 1 });
      expect([total, instances, computed_interval]).to.deep.equal([{ title: "Number of Requests", dates: [], values: [] }, {}, 40]);
      addPoint(url, "h1", start, { requests: 1 });
      const body = { endpoint_url: url, from_date: start / 1000, to_date: start / 1000 + 240, interval: 60 };
      const call = async (fields: object) => await server.call("serving.get_endpoint_metrics_history", { ...body, ...fields });
      expect(await call({ instance_charts: false })).to.include({ status: 500, subcode: 0, message: "'key'" });
      const message = "Invalid value for fields (from_date must be less than to_date)";
      expect(await call({ to_date: body.from_date })).to.include({ status: 400, subcode: 16, message });
      expect(await call({ metric_type: "nonsense" })).to.include({ status: 400, subcode: 12 });
    });
  });
});
