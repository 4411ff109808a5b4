import { expect } from "chai";
import { Tokens } from "../../server/auth/tokens.ts";
import { loadIdentity } from "../../server/identity.ts";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("users", () => {
  let server: EmbeddedServer;
  /** A token as the server's own services would have one. */
  let system: string;
  before(async () => {
    server = await EmbeddedServer.start();
    const { tokenSecret } = await loadIdentity(server.folder);
    const caller = { user: "__system__", userName: "system", company: COMPANY, role: "system" };
    system = new Tokens(tokenSecret, []).issue(caller, 600);
  });
  after(async () => await server[Symbol.asyncDispose]());

  let count = 0;
  const person = async (fields: object = {}): Promise<string> => {
    const email = `p${count++}@example.com`;
    return (await server.ask("auth.create_user", { name: `person ${count}`, company: COMPANY, email, ...fields }, { token: system }))
      .id as string;
  };
  const tokenOf = async (user: string): Promise<string> => (await server.ask("auth.get_token_for_user", { user }, { token: system })).token;

  describe("users.get_current_user", () => {
    it("tells who calls, and how to get started", async () => {
      const { user, getting_started, settings } = await server.ask("users.get_current_user");
      expect(user).to.deep.include({ name: "windlass", role: "user", company: { id: COMPANY, name: "clearml" } });
      expect(user).to.not.have.property("preferences");
      expect(getting_started).to.deep.equal({
        agentName: "clearml",
        configure: "clearml-init",
        install: "pip install clearml",
        packageName: "clearml",
      });
      expect(settings).to.deep.equal({ max_download_items: 50_000 });
    });
  });

  describe("users.get_by_id", () => {
    it("shows preferences as text", async () => {
      const id = await person();
      expect((await server.ask("users.get_by_id", { user: id })).user).to.include({ id, preferences: "", company: COMPANY });
      await server.ask("users.set_preferences", { preferences: { a: 1 } }, { token: await tokenOf(id) });
      expect((await server.ask("users.get_by_id", { user: id })).user.preferences).to.equal('{"a":1}');
    });

    it("refuses an unknown user", async () => {
      const message = `Invalid user id: id=nope, company=${COMPANY}`;
      expect(await server.call("users.get_by_id", { user: "nope" })).to.include({ status: 400, subcode: 301, message });
    });
  });

  describe("users.get_all", () => {
    it("finds by id and by name", async () => {
      const id = await person({ name: "findable" });
      const ids = async (body: object): Promise<string[]> =>
        (await server.ask("users.get_all", body)).users.map((user: { id: string }) => user.id);
      expect(await ids({ id: [id] })).to.deep.equal([id]);
      expect(await ids({ name: "^findable$" })).to.deep.equal([id]);
    });
  });

  describe("users.get_all_ex", () => {
    it("finds those who made something in a project or below it", async () => {
      const [maker, idle] = [await person(), await person()];
      const token = await tokenOf(maker);
      const parent = (await server.ask("projects.create", { name: "activity" })).id;
      const child = (await server.ask("projects.create", { name: "activity/below" })).id;
      await server.ask("tasks.create", { name: "a task", type: "training", project: child }, { token });
      const ids = async (body: object): Promise<string[]> =>
        (await server.ask("users.get_all_ex", body)).users.map((user: { id: string }) => user.id);
      expect(await ids({ active_in_projects: [child] })).to.have.members([maker, (await server.ask("users.get_current_user")).user.id]);
      expect(await ids({ active_in_projects: [parent], id: [maker, idle] })).to.deep.equal([maker]);
      expect(await ids({ active_in_projects: [] }))
        .to.include(maker)
        .and.not.include(idle);
      expect(await ids({ active_in_projects: ["nope"] })).to.deep.equal([]);
      expect(await ids({ id: [idle] })).to.deep.equal([idle]);
      const before = await server.ask("v2.7/users.get_all_ex", { active_in_projects: ["nope"], id: [idle] });
      expect(before.users).to.have.length(1);
    });
  });

  describe("users.create", () => {
    it("is for the server's own services", async () => {
      const body = { id: "u1", name: "made", company: COMPANY };
      expect(await server.ask("users.create", body, { token: system })).to.deep.equal({});
      expect((await server.ask("users.get_by_id", { user: "u1" })).user.name).to.equal("made");
      expect(await server.call("users.create", body, { token: system })).to.include({ status: 400, subcode: 302 });
      expect(await server.call("users.create", body)).to.include({ status: 403, subcode: 20 });
    });
  });

  describe("users.delete", () => {
    it("takes the user's keys and tokens along", async () => {
      const id = await person();
      const token = await tokenOf(id);
      const { credentials } = await server.ask("auth.create_credentials", {}, { token });
      expect(await server.ask("users.delete", { user: id }, { token: system })).to.deep.equal({});
      expect(await server.call("users.get_by_id", { user: id })).to.include({ subcode: 301 });
      const authorization = `Basic ${Buffer.from(`${credentials.access_key}:${credentials.secret_key}`).toString("base64")}`;
      expect((await fetch(`${server.apiUrl}/auth.login`, { headers: { authorization } })).status).to.equal(401);
      expect(await server.call("users.delete", { user: id }, { token: system })).to.include({ status: 400, subcode: 301 });
      while ((await server.call("projects.get_all", {}, { token })).status !== 401)
        await new Promise((resolve) => setTimeout(resolve, 100));
    });
  });

  describe("users.update", () => {
    it("changes names, also at the next login, and nothing else", async () => {
      const id = await person();
      const { updated, fields } = await server.ask("users.update", { user: id, name: "renamed", given_name: "G", role: "admin" });
      expect([updated, fields]).to.deep.equal([1, { name: "renamed", given_name: "G" }]);
      expect((await server.ask("users.get_by_id", { user: id })).user).to.include({ name: "renamed", given_name: "G" });
      const claims = JSON.parse(Buffer.from((await tokenOf(id)).split(".")[1] ?? "", "base64url").toString());
      expect(claims.identity).to.include({ user_name: "renamed", role: "user" });
      expect(await server.ask("users.update", { user: "nope", name: "x" })).to.deep.equal({ updated: 0, fields: { name: "x" } });
    });
  });

  describe("users.set_preferences", () => {
    it("sets dotted paths one by one", async () => {
      const token = await tokenOf(await person());
      const set = async (preferences: object) => await server.ask("users.set_preferences", { preferences }, { token });
      expect(await set({ "a.b": 1, c: { d: [1] } })).to.deep.equal({ updated: 1, fields: { preferences: { a: { b: 1 }, c: { d: [1] } } } });
      expect((await set({ "a.x": 2, c: 3 })).fields.preferences).to.deep.equal({ a: { b: 1, x: 2 }, c: 3 });
      expect(await set({ "a.x": 2 })).to.deep.equal({ updated: 0, fields: {} });
      const quiet = { preferences: { z: 1 }, return_updated: false };
      expect((await server.ask("users.set_preferences", quiet, { token })).fields).to.deep.equal({});
      expect((await server.ask("users.get_preferences", {}, { token })).preferences).to.deep.equal({ a: { b: 1, x: 2 }, c: 3, z: 1 });
    });

    it("stores nothing of what cannot be set whole", async () => {
      const token = await tokenOf(await person());
      const set = async (preferences: object) => await server.call("users.set_preferences", { preferences }, { token });
      await set({ a: 5 });
      expect(await set({ good: 1, "a.b": 1 })).to.include({ subcode: 305, message: "Malformed key and/or value: key=a.b, value=1" });
      for (const key of ["", "x..y", ".x"]) expect(await set({ [key]: 1 }), key).to.include({ status: 400, subcode: 305 });
      const message = "Invalid value for fields (Key x.y is invalid. Keys cannot start with '$' or contain '.'.)";
      expect(await set({ a: { "x.y": 1 } })).to.include({ status: 400, subcode: 16, message });
      expect(await set({ b: [{ $x: 1 }] })).to.include({ status: 400, subcode: 16 });
      expect((await server.ask("users.get_preferences", {}, { token })).preferences).to.deep.equal({ a: 5 });
    });

    it("takes any name for a key", async () => {
      const token = await tokenOf(await person());
      await server.ask("users.set_preferences", '{"preferences": {"__proto__.polluted": 1, "constructor": {"a": 1}}}', { token });
      const { preferences } = await server.ask("users.get_preferences", {}, { token });
      expect(JSON.stringify(preferences)).to.equal('{"__proto__":{"polluted":1},"constructor":{"a":1}}');
    });
  });

  describe("users.get_preferences", () => {
    it("is empty at first", async () => {
      expect(await server.ask("users.get_preferences", {}, { token: await tokenOf(await person()) })).to.deep.equal({ preferences: {} });
    });
  });

  describe("auth.create_user", () => {
    it("makes a user whose address nobody else has", async () => {
      const id = await person({ email: "one@example.com", given_name: "G", family_name: "F" });
      expect((await server.ask("users.get_by_id", { user: id })).user).to.include({ given_name: "G", family_name: "F" });
      const again = (fields: object) =>
        server.call("auth.create_user", { name: "p", company: COMPANY, email: "one@example.com", ...fields }, { token: system });
      expect(await again({})).to.include({ status: 400, subcode: 801 });
      expect(await again({ email: "nonsense" })).to.include({ status: 400, subcode: 800 });
      expect(await again({ company: "nope" })).to.include({ status: 400, subcode: 10, message: "Invalid object id: company=nope" });
      expect(await server.call("auth.create_user", {}, { token: await tokenOf(id) })).to.include({ status: 403, subcode: 20 });
    });
  });

  describe("auth.edit_user", () => {
    it("changes the role for later logins", async () => {
      const id = await person();
      const edit = (body: object) => server.call("auth.edit_user", body, { token: system });
      expect((await edit({ user: id, role: "admin" })).data).to.deep.equal({ updated: 1, fields: { role: "admin" } });
      expect((await server.ask("users.get_current_user", {}, { token: await tokenOf(id) })).user.role).to.equal("admin");
      expect(await edit({ user: "nope", role: "user" })).to.include({ status: 400, subcode: 301 });
    });
  });

  describe("auth.get_token_for_user", () => {
    it("gives the server's own services another user's token", async () => {
      const id = await person();
      expect((await server.ask("users.get_current_user", {}, { token: await tokenOf(id) })).user.id).to.equal(id);
      expect(await server.call("auth.get_token_for_user", { user: "nope" }, { token: system })).to.include({ status: 400, subcode: 301 });
      expect(await server.call("auth.get_token_for_user", { user: id })).to.include({ status: 403, subcode: 20 });
    });
  });

  describe("auth.validate_token", () => {
    it("tells whose a token is, and what is wrong with it", async () => {
      const id = await person();
      const validate = async (token: string) => await server.ask("auth.validate_token", { token }, { token: system });
      expect(await validate(await tokenOf(id))).to.deep.equal({ valid: true, user: id, company: COMPANY });
      expect(await validate("nonsense"))
        .to.include({ valid: false })
        .and.have.property("msg");
    });
  });
});
