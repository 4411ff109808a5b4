import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import pino from "pino";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what the wire gives, looked at by tests
  readonly meta: any;
  // biome-ignore lint/suspicious/noExplicitAny: what the wire gives, looked at by tests
  readonly data: any;
}

describe("the wire", () => {
  let server: EmbeddedServer;
  let keys: string;

  before(async () => {
    server = await EmbeddedServer.start();
    const { accessKey, secretKey } = await identity();
    keys = `${accessKey}:${secretKey}`;
  });

  after(() => server[Symbol.asyncDispose]());

  const identity = async (): Promise<{ accessKey: string; secretKey: string; tokenSecret: string; user: string }> =>
    JSON.parse(await readFile(join(server.folder, "identity.json"), "utf8"));

  async function ask(path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${server.apiUrl}${path}`, {
      method: "POST",
      ...init,
      headers: { authorization: `Bearer ${server.token}`, ...headers },
    });
    const { meta, data } = (await response.json()) as Pick<Answer, "meta" | "data">;
    return { status: response.status, headers: response.headers, meta, data };
  }

  const told = ({ meta }: Answer): string => `${meta.result_code}/${meta.result_subcode} ${meta.result_msg}`;

  /** A token of this server for a role that no user of it has. */
  async function tokenOf(claims: object): Promise<string> {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ session_id: "s", ...claims })}`;
    return `${text}.${createHmac("sha256", (await identity()).tokenSecret)
      .update(text)
      .digest("base64url")}`;
  }

  const COMPANY = "d1bd92a3b039400cbafc60a7a5b1e52b";
  const bearerOf = async (role: string): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await tokenOf({ identity: { user: "u", company: COMPANY, role, user_name: "u" } })}`,
  });

  describe("paths and versions", () => {
    it("puts the answering form's version beside the asked one", async () => {
      const { meta } = await ask("/v2.13/queues.get_all");
      expect(meta.endpoint).to.deep.equal({ name: "queues.get_all", requested_version: "2.13", actual_version: "2.4" });
      expect((await ask("/tasks.get_all/")).meta.endpoint).to.include({ requested_version: "2.34", actual_version: "1.0" });
      expect((await ask("/v999.0/tasks.get_all")).meta.endpoint.requested_version).to.equal("999.0");
    });

    it("writes versions below 2.1 as numbers", async () => {
      const response = await fetch(`${server.apiUrl}/v2.0/tasks.get_all`, { headers: { authorization: `Bearer ${server.token}` } });
      expect(await response.text()).to.include('"requested_version":2.0,"actual_version":1.0');
    });

    it("knows no endpoint by an unknown name or at a lower version, with or without a token", async () => {
      expect(told(await ask("/users.get_vaults"))).to.equal("404/0 Unable to find endpoint for name users.get_vaults and version 2.34");
      const low = await ask("/v2.3/queues.get_all", { authorization: "" });
      expect(told(low)).to.equal("404/0 Unable to find endpoint for name queues.get_all and version 2.3");
      expect(low.meta.endpoint).to.deep.equal({ name: "queues.get_all", requested_version: null, actual_version: null });
      expect((await ask("/v2.12/login.logout")).status).to.equal(404);
      expect((await ask("/internal.verify_keys")).status).to.equal(404);
    });

    it("refuses a path that is none, in the envelope", async () => {
      for (const path of ["/v2/tasks.get_all", "/tasks", "/v2.13.0/tasks.get_all", "/1a.b"]) {
        const answer = await ask(path);
        expect([answer.status, answer.meta.result_subcode, answer.meta.endpoint.name], path).to.deep.equal([400, 0, ""]);
      }
    });
  });

  describe("bodies and headers", () => {
    it("reads form fields and JSON under a form's type", async () => {
      const type = { "content-type": "application/x-www-form-urlencoded" };
      expect((await ask("/debug.ping", type, { body: "a.b=1&c[]=x&d=true" })).data).to.deep.include({ a: { b: 1 }, c: ["x"], d: true });
      expect((await ask("/debug.ping?q=2", type, { body: '{"a": "b"}' })).data).to.include({ a: "b", q: 2 });
    });

    it("says of text that is no JSON, and of a line that is no object, that the request is bad", async () => {
      for (const body of ["{", '{"a": 1} {"a": 2}']) {
        const reply = await server.call("debug.ping", body);
        expect([reply.status, reply.subcode], body).to.deep.equal([400, 0]);
      }
      const reply = await server.lines([[], { type: "log" }]);
      expect([reply.status, reply.subcode]).to.deep.equal([400, 0]);
    });

    it("answers the transaction of either header", async () => {
      expect((await ask("/debug.ping", { "x-clearml-trx": "one" })).meta.trx).to.equal("one");
      expect((await ask("/debug.ping", { "x-trains-trx": "two" })).meta.trx).to.equal("two");
      const { meta } = await ask("/debug.ping");
      expect(meta.trx).to.equal(meta.id);
      expect(meta.id).to.match(/^[0-9a-f]{32}$/);
    });

    it("lets pages of other origins in", async () => {
      const { headers } = await ask("/debug.ping", { origin: "http://app.example" });
      expect(headers.get("access-control-allow-origin")).to.equal("http://app.example");
      expect(headers.get("access-control-allow-credentials")).to.equal("true");
    });

    it("refuses a body that came encoded, outside the envelope", async () => {
      const response = await fetch(`${server.apiUrl}/debug.ping`, { method: "POST", headers: { "content-encoding": "gzip" }, body: "x" });
      expect(response.status).to.equal(415);
      expect(response.headers.get("content-type")).to.match(/^text\/plain/);
    });
  });

  describe("who calls", () => {
    const basic = (text: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

    it("takes the key pair for each call", async () => {
      const { data } = await ask("/users.get_current_user", basic(keys));
      expect(data.user.id).to.equal((await identity()).user);
    });

    it("says what is wrong with credentials", async () => {
      const REFUSALS: readonly (readonly [string, string])[] = [
        ["", "401/20 Unauthorized (missing credentials)"],
        ["Digest abc", "401/10 Unauthorized (bad authentication header type)"],
        ["Basic abc", "401/21 Unauthorized (malformed credentials): reason=Incorrect padding"],
        ["Basic YTpi", "401/22 Unauthorized (invalid credentials) (failed to locate provided credentials)"],
        ["Bearer abc", "401/30 Invalid token (invalid jwt token): reason=Not enough segments"],
        [`Bearer ${server.token}x`, "401/30 Invalid token (invalid jwt token): reason=Signature verification failed"],
        [
          `Bearer ${await tokenOf({ exp: 1, identity: { user: "u" } })}`,
          "401/30 Invalid token (invalid jwt token): reason=Signature has expired",
        ],
      ];
      for (const [authorization, expected] of REFUSALS) expect(told(await ask("/tasks.get_all", { authorization }))).to.equal(expected);
    });

    it("knows a token that was given back", async () => {
      const { data } = await ask("/auth.login", basic(keys));
      const authorization = `Bearer ${data.token}`;
      expect((await ask("/auth.logout", { authorization })).data).to.deep.equal({});
      expect(told(await ask("/tasks.get_all", { authorization }))).to.equal("401/30 Invalid token (revoked token)");
    });

    it("keeps the administration to its roles", async () => {
      const forbidden = (role: string, allowed: string): string =>
        `403/20 Forbidden (not allowed for role): role=${role}, allowed=(${allowed})`;
      for (const name of ["users.create", "users.delete", "server.config", "server.get_stats", "server.endpoints", "auth.validate_token"]) {
        const answer = await ask(`/${name}`, await bearerOf("user"));
        // An endpoint that is not there yet has no roles either.
        if (answer.status !== 404) expect(told(answer), name).to.equal(forbidden("user", "system, root"));
      }
      expect(told(await ask("/server.config", await bearerOf("admin")))).to.equal(forbidden("admin", "system, root"));
      expect(told(await ask("/auth.create_user"))).to.equal(forbidden("user", "system, root, admin"));
      expect((await ask("/server.config", await bearerOf("system"))).status).to.equal(200);
    });

    describe("in another's name", () => {
      const asUser = (id: string): Record<string, string> => ({ "x-clearml-impersonate-as": id });

      it("gives the user's token to those who may", async () => {
        const { user } = await identity();
        const { data } = await ask("/auth.login", { ...(await bearerOf("system")), "x-trains-impersonate-as": user });
        const reply = await ask("/users.get_current_user", { authorization: `Bearer ${data.token}` });
        expect(reply.data.user).to.include({ id: user, role: "user" });
        const acting = await ask("/users.get_current_user", { ...(await bearerOf("root")), "x-clearml-act-as": user });
        expect(acting.data.user).to.include({ id: user, role: "root" });
      });

      it("looks at the roles of both", async () => {
        const { user } = await identity();
        const answer = await ask("/server.config", { ...(await bearerOf("system")), ...asUser(user) });
        expect(told(answer)).to.equal("403/20 Forbidden (not allowed for role): role=user, allowed=(system, root)");
      });

      it("refuses who may not, an unknown user, and two headers", async () => {
        const { user } = await identity();
        const path = "/users.get_current_user";
        expect(told(await ask(path, { ...(await bearerOf("user")), ...asUser(user) }))).to.equal(
          "400/6 Impersonation error (impersonation not allowed): role=user",
        );
        const admin = await bearerOf("admin");
        expect(told(await ask(path, { ...admin, ...asUser("nobody") }))).to.equal(
          `400/6 Impersonation error (unknown user): id=nobody, company=${COMPANY}`,
        );
        expect(told(await ask(path, { ...admin, ...asUser(user), "x-clearml-act-as": user }))).to.equal(
          "400/5 Invalid headers (only one allowed): headers=(X-Clearml-Impersonate-As, X-Clearml-Act-As)",
        );
      });

      it("is never a run's token's", async () => {
        const token = await server.runToken({});
        const { user } = await identity();
        const answer = await ask("/users.get_current_user", { authorization: `Bearer ${token}`, ...asUser(user) });
        expect([answer.status, answer.meta.result_subcode]).to.deep.equal([400, 6]);
      });
    });
  });

  describe("server.info", () => {
    it("tells its versions by the asked version", async () => {
      const rest = { version: "2.3.0", build: "", commit: "" };
      expect((await ask("/server.info")).data).to.deep.equal({ ...rest, api_version: "2.34" });
      expect((await ask("/v2.7/server.info")).data).to.deep.equal(rest);
      const old = (await ask("/v2.11/server.info")).data;
      expect(old).to.deep.equal({ ...rest, uid: (await ask("/v2.8/server.info")).data.uid });
      expect(old.uid).to.match(/^[0-9a-f]{32}$/);
    });
  });

  describe("server.report_stats_option", () => {
    it("keeps the answer", async () => {
      const none = { supported: true, enabled: false, current_version: "2.3.0" };
      expect((await ask("/server.report_stats_option")).data).to.deep.equal(none);
      const set = await ask("/server.report_stats_option", {}, { body: '{"enabled": true}' });
      const { enabled_time, ...others } = (await ask("/server.report_stats_option")).data;
      expect(others).to.deep.equal({ ...none, enabled: true, enabled_version: "2.3.0", enabled_user: (await identity()).user });
      expect(enabled_time)
        .to.match(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}$/)
        .and.to.equal(set.data.enabled_time);
    });
  });

  describe("server.config", () => {
    it("gives the part that a path leads to", async () => {
      const system = await bearerOf("system");
      const all = (await ask("/server.config", system)).data;
      expect(all).not.to.have.property("secure");
      expect((await ask("/server.config", system, { body: '{"path": "services._mongo"}' })).data).to.deep.equal(all.services._mongo);
      expect((await ask("/server.config", system, { body: '{"path": "__proto__.x"}' })).status).to.equal(500);
    });
  });

  describe("server.get_stats", () => {
    it("counts what there is", async () => {
      const system = await bearerOf("root");
      const before = (await ask("/server.get_stats", system)).data;
      await server.task();
      expect((await ask("/server.get_stats", system)).data.experiments.count).to.equal(before.experiments.count + 1);
    });
  });

  describe("server.endpoints", () => {
    it("lists each endpoint with its first version", async () => {
      const { endpoints } = (await ask("/server.endpoints", await bearerOf("system"))).data;
      expect(Object.keys(endpoints)).to.have.length(204);
      expect(endpoints["queues.peek_task"][0]).to.include({ min_version: "2.15" });
      expect(endpoints["projects.create"][0].required_fields).to.deep.equal(["name"]);
    });
  });

  describe("debug.ping", () => {
    it("echoes what it gets, to anybody", async () => {
      expect((await ask("/debug.ping", { authorization: "" }, { body: '{"a": 1}' })).data).to.deep.equal({ msg: "ClearML server", a: 1 });
      expect((await ask("/debug.ping", {}, { body: '{"msg": "mine"}' })).data).to.deep.equal({ msg: "mine" });
    });
  });
});

describe("what nobody meant to fail", () => {
  it("is answered as the official server does, and stands in the log once, with its stack", async () => {
    const lines: string[] = [];
    await using server = await EmbeddedServer.start({ logger: pino({ level: "error" }, { write: (line) => lines.push(line) }) });
    const task = await server.task();
    const database = new Sqlite(databaseOf(server));
    database.exec("UPDATE tasks SET tags = '[broken'");
    database.exec("CREATE TRIGGER broken BEFORE INSERT ON projects BEGIN SELECT RAISE(ABORT, 'no more projects'); END");
    database.close();
    const reading = await server.call("tasks.get_by_id", { task });
    expect(reading).to.deep.include({ status: 500, subcode: 0, data: {} });
    expect(reading.message).to.match(/^General server error \(.*JSON.*\)$/);
    const writing = await server.call("projects.create", { name: "a project", description: "" });
    expect(writing).to.deep.include({ status: 500, subcode: 0, message: "General server error (no more projects)" });
    expect(await server.call("tasks.get_by_id", { task: "nope" })).to.include({ status: 400 });
    const told = lines.map((line) => JSON.parse(line) as { msg: string; endpoint: string; stack: string });
    expect(told.map(({ msg, endpoint }) => [msg, endpoint])).to.deep.equal([
      ["a call failed", "tasks.get_by_id"],
      ["a call failed", "projects.create"],
    ]);
    expect(told[0]?.stack).to.contain("documentOf");
  });
});
