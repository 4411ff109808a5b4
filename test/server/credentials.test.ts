import { expect } from "chai";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

interface Keys {
  readonly access_key: string;
  readonly secret_key: string;
  readonly label?: string;
}

describe("key pairs", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  const make = async (fields: object = {}): Promise<Keys> => (await server.ask("auth.create_credentials", fields)).credentials as Keys;
  const listed = async (key: string): Promise<object | undefined> =>
    (await server.ask("auth.get_credentials")).credentials.find((row: Keys) => row.access_key === key);
  const logIn = async ({ access_key, secret_key }: Keys): Promise<Response> =>
    await fetch(`${server.apiUrl}/auth.login`, {
      headers: { authorization: `Basic ${Buffer.from(`${access_key}:${secret_key}`).toString("base64")}` },
    });

  describe("auth.create_credentials", () => {
    it("makes keys that let in, and shows the secret only now", async () => {
      const keys = await make({ label: "mine" });
      expect(keys.access_key).to.match(/^[A-Z0-9]{30}$/);
      expect(keys.label).to.equal("mine");
      expect((await logIn(keys)).status).to.equal(200);
      expect((await logIn({ ...keys, secret_key: "wrong" })).status).to.equal(401);
      expect(await listed(keys.access_key))
        .to.include({ label: "mine" })
        .and.not.have.property("secret_key");
    });

    it("makes none for whom there is no user", async () => {
      const user = "__nobody__";
      const reply = await server.call("auth.create_credentials", {}, { token: await ghost(server, user) });
      expect(reply).to.include({ status: 400, subcode: 301, message: `Invalid user id (protected identity): user=${user}` });
    });
  });

  describe("auth.get_credentials", () => {
    it("tells when and from where each was used", async () => {
      const keys = await make();
      expect(await listed(keys.access_key)).to.deep.equal({ access_key: keys.access_key });
      await logIn(keys);
      const used = (await listed(keys.access_key)) as { last_used: string };
      expect(used).to.include({ last_used_from: "127.0.0.1" });
      expect(used.last_used).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    });
  });

  describe("auth.edit_credentials", () => {
    it("changes the label of one's own", async () => {
      const { access_key } = await make({ label: "old" });
      expect(await server.ask("auth.edit_credentials", { access_key, label: "new" })).to.deep.equal({ updated: 1 });
      expect(await listed(access_key)).to.include({ label: "new" });
      const { user } = await server.ask("users.get_current_user");
      const message = `Access key not found (invalid user or invalid access key): user=${user.id}, access_key=X, company=${COMPANY}`;
      expect(await server.call("auth.edit_credentials", { access_key: "X" })).to.include({ status: 400, subcode: 75, message });
    });
  });

  describe("auth.revoke_credentials", () => {
    it("ends logins with the key, and leaves tokens that were given", async () => {
      const keys = await make();
      const { data } = (await (await logIn(keys)).json()) as { data: { token: string } };
      expect(await server.ask("auth.revoke_credentials", { access_key: keys.access_key })).to.deep.equal({ revoked: 1 });
      expect((await logIn(keys)).status).to.equal(401);
      expect((await server.call("users.get_current_user", {}, { token: data.token })).status).to.equal(200);
      expect(await server.call("auth.revoke_credentials", { access_key: keys.access_key })).to.include({ status: 400, subcode: 300 });
    });
  });
});

/** A token of somebody whom the server does not know as a user. */
async function ghost(server: EmbeddedServer, user: string): Promise<string> {
  const { Tokens } = await import("../../server/auth/tokens.ts");
  const { loadIdentity } = await import("../../server/identity.ts");
  const { tokenSecret } = await loadIdentity(server.folder);
  return new Tokens(tokenSecret, []).issue({ user, userName: user, company: COMPANY, role: "user" }, 60);
}
