import { execFile, spawn } from "node:child_process";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { expect } from "chai";
import pino from "pino";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";
import { temporaryFolder } from "../support/folder.ts";

const MAIN = join(import.meta.dirname, "../../cli/main.ts");

/** `windlass server user …` on a data folder. */
async function user(folder: string, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "server", "user", ...words, "--data", folder]);
  return stdout.trim();
}

async function userWithPassword(folder: string, password: string, ...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, "server", "user", ...words, "--password-stdin", "--data", folder]);
  child.stdin.end(`${password}\n`);
  return (await text(child.stdout)) + (await text(child.stderr));
}

const basic = (name: string, password: string): string => `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;

/** `auth.login`: the status, and the token that came with it. */
async function logIn(server: EmbeddedServer, name: string, password: string): Promise<{ status: number; token: string; cookie: string }> {
  const reply = await fetch(`${server.apiUrl}/v999.0/auth.login`, { headers: { authorization: basic(name, password) } });
  const { data } = (await reply.json()) as { data: { token?: string } };
  return { status: reply.status, token: data.token ?? "", cookie: reply.headers.get("set-cookie") ?? "" };
}

const webLogin = async (folder: string): Promise<{ user: string; password: string }> =>
  JSON.parse(await readFile(join(folder, "web-login.json"), "utf8")) as { user: string; password: string };

describe("logins of people", function () {
  this.timeout(60_000);

  describe("at the first start", () => {
    let server: EmbeddedServer;
    before(async () => {
      server = await EmbeddedServer.start();
    });
    after(async () => await server[Symbol.asyncDispose]());

    it("one is made, whose password only the owner of the data folder can read", async () => {
      const { user: name, password } = await webLogin(server.folder);
      expect((await stat(join(server.folder, "web-login.json"))).mode & 0o777).to.equal(0o600);
      const { status, token } = await logIn(server, name, password);
      expect(status).to.equal(200);
      const me = (await server.ask("users.get_current_user", {}, { token })).user;
      expect(me.id).to.equal((await server.ask("users.get_current_user")).user.id);
    });

    it("the cookie alone authenticates", async () => {
      const { user: name, password } = await webLogin(server.folder);
      const { cookie } = await logIn(server, name, password);
      expect(cookie).to.match(/^clearml_token_basic=[^;]+; Expires=[^;]+ GMT; Max-Age=\d+; HttpOnly; Path=\/; SameSite=Lax$/);
      const headers = { cookie: cookie.split(";")[0] ?? "" };
      expect((await fetch(`${server.apiUrl}/users.get_current_user`, { headers })).status).to.equal(200);
    });

    it("wrong passwords and unknown names are refused in the same words", async () => {
      const replies = [
        ["windlass", "wrong"],
        ["nobody", "wrong"],
        ["windlass", ""],
      ].map(async ([name = "", password = ""]) => {
        const reply = await fetch(`${server.apiUrl}/auth.login`, { headers: { authorization: basic(name, password) } });
        const { meta } = (await reply.json()) as { meta: { result_subcode: number; result_msg: string } };
        return [reply.status, meta.result_subcode, meta.result_msg];
      });
      for (const reply of await Promise.all(replies))
        expect(reply).to.deep.equal([401, 22, "Unauthorized (invalid credentials) (failed to locate provided credentials)"]);
    });

    const claimsOf = (token: string): { iat: number; exp: number; session_id: string } =>
      JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

    describe("auth.login", () => {
      it("gives a token for as long as asked, a month when nothing is said, and a fresh one for a token", async () => {
        const lifetime = async (body: object): Promise<number> => {
          const { iat, exp } = claimsOf((await server.ask("auth.login", body)).token);
          return exp - iat;
        };
        expect(await lifetime({ expiration_sec: 60 })).to.equal(60);
        expect(await lifetime({})).to.equal(2_592_000);
        const { token } = await server.ask("auth.login");
        expect(claimsOf(token).session_id).to.not.equal(claimsOf(server.token).session_id);
        expect((await server.ask("users.get_current_user", {}, { token })).user.name).to.equal("windlass");
      });

      it("refuses more than a year, and whoever says nothing of himself", async () => {
        const message = "Validation error (error for field 'expiration_sec': '31536001' is bigger than maximum ('31536000')..)";
        expect(await server.call("auth.login", { expiration_sec: 31_536_001 })).to.include({ status: 400, subcode: 12, message });
        expect(await server.call("auth.login", {}, { token: undefined })).to.include({ status: 401, subcode: 20 });
      });
    });

    describe("auth.logout", () => {
      it("ends this session and no other", async () => {
        const { token } = await server.ask("auth.login");
        expect(await server.ask("auth.logout", {}, { token })).to.deep.equal({});
        const message = "Invalid token (revoked token)";
        expect(await server.call("users.get_current_user", {}, { token })).to.include({ status: 401, subcode: 30, message });
        expect((await server.call("users.get_current_user")).status).to.equal(200);
        expect(await server.call("auth.logout", {}, { token: undefined })).to.include({ status: 401, subcode: 20 });
      });
    });

    describe("login.supported_modes", () => {
      it("asks for name and password, and knows who is in already", async () => {
        const modes = {
          authenticated: false,
          basic: { enabled: true, guest: { enabled: false } },
          server_errors: { es_connection_error: false, missed_es_upgrade: false },
          sso: {},
          sso_providers: [],
        };
        expect(await server.ask("login.supported_modes", {}, { token: undefined })).to.deep.equal(modes);
        expect(await server.ask("login.supported_modes", {}, { token: "nonsense" })).to.deep.equal(modes);
        expect(await server.ask("login.supported_modes")).to.deep.equal({ ...modes, authenticated: true });
      });
    });

    describe("auth.fixed_users_mode", () => {
      it("says that there are names with passwords", async () => {
        expect(await server.ask("auth.fixed_users_mode", {}, { token: undefined })).to.deep.equal({
          enabled: true,
          guest: { enabled: false },
          server_errors: {},
        });
      });
    });

    describe("login.logout", () => {
      it("ends the session of the cookie", async () => {
        const { user: name, password } = await webLogin(server.folder);
        const { token } = await logIn(server, name, password);
        expect(await server.ask("login.logout", {}, { token })).to.deep.equal({});
        expect(await server.call("users.get_current_user", {}, { token })).to.include({ status: 401, subcode: 30 });
        expect(await server.ask("login.logout", {}, { token: undefined })).to.deep.equal({});
      });
    });
  });

  it("a start that ended between file and store is gone on with, and a damaged file is written anew", async () => {
    for (const [content, password] of [
      [JSON.stringify({ user: "windlass", password: "from the file" }), "from the file"],
      ['{"user": "wind', undefined],
    ] as const) {
      const folder = await temporaryFolder();
      await writeFile(join(folder, "web-login.json"), content);
      await using server = await EmbeddedServer.start({ dataFolder: folder });
      expect((await logIn(server, "windlass", password ?? (await webLogin(folder)).password)).status).to.equal(200);
    }
  });

  it("wrong ones are told in the log, at growing distance", async () => {
    const lines: string[] = [];
    const logger = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
    await using server = await EmbeddedServer.start({ logger });
    for (let n = 0; n < 4; n++) await logIn(server, `somebody${n}`, "a secret word");
    const told = lines.map((line) => JSON.parse(line) as object);
    expect(told).to.have.length(3);
    expect(told.at(-1)).to.include({ login: "somebody3", address: "127.0.0.1", wrong: 4 });
    expect(lines.join("")).to.not.contain("secret word");
  });

  describe("windlass server user", () => {
    let folder: string;
    before(async () => {
      folder = await temporaryFolder();
    });
    after(async () => await rm(folder, { recursive: true, force: true }));

    it("works before the first start, beside a running server, and after it", async () => {
      const password = /: (.+)$/.exec(await user(folder, "add", "ann", "--admin"))?.[1] ?? "";
      const server = await EmbeddedServer.start({ dataFolder: folder });
      try {
        const ann = await logIn(server, "ann", password);
        expect((await server.ask("users.get_current_user", {}, { token: ann.token })).user).to.include({ name: "ann", role: "admin" });
        expect((await logIn(server, "windlass", "anything")).status).to.equal(401);

        expect(await userWithPassword(folder, "bob's password", "add", "bob")).to.equal("user bob added\n");
        const bob = await logIn(server, "bob", "bob's password");
        expect((await server.ask("users.get_current_user", {}, { token: bob.token })).user).to.include({ name: "bob", role: "user" });

        expect(await userWithPassword(folder, "another one", "password", "bob")).to.equal("user bob has a new password\n");
        expect((await logIn(server, "bob", "bob's password")).status).to.equal(401);
        expect((await logIn(server, "bob", "another one")).status).to.equal(200);

        const keys = (await server.ask("auth.create_credentials", {}, { token: bob.token })).credentials;
        expect(await user(folder, "remove", "bob")).to.equal("user bob removed");
        expect((await logIn(server, "bob", "another one")).status).to.equal(401);
        expect((await logIn(server, keys.access_key, keys.secret_key)).status).to.equal(401);
        for (;;) {
          const reply = await server.call("users.get_current_user", {}, { token: bob.token });
          if (reply.status === 401) break;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      } finally {
        await server.close();
      }
      expect(await user(folder, "remove", "ann")).to.equal("user ann removed");
    });

    it("refuses a name twice, one that is not there, a bad one, and a short password", async () => {
      const failure = async (...words: string[]): Promise<string> =>
        await user(folder, ...words).then(
          () => "",
          (error: Error) => error.message,
        );
      await user(folder, "add", "carl");
      expect(await failure("add", "carl")).to.contain("there is a user carl already");
      expect(await failure("remove", "nobody")).to.contain("there is no user nobody");
      expect(await failure("password", "nobody")).to.contain("there is no user nobody");
      expect(await failure("add", "a:b")).to.contain("cannot be a user's name");
      expect(await failure("add", "A".repeat(30))).to.contain("cannot be a user's name");
      expect(await userWithPassword(folder, "short", "add", "dora")).to.contain("shorter than 8 characters");
    });

    it("leaves the keys of the first user, and takes the file with the password that holds no longer", async () => {
      await using server = await EmbeddedServer.start();
      await user(server.folder, "remove", "windlass");
      expect(await stat(join(server.folder, "web-login.json")).catch(() => "gone")).to.equal("gone");
      expect((await server.call("users.get_current_user")).status).to.equal(200);
    });
  });

  describe("with a name only", () => {
    let server: EmbeddedServer;
    before(async () => {
      server = await EmbeddedServer.start({ nameLogin: true });
    });
    after(async () => await server[Symbol.asyncDispose]());

    it("the web app makes users with its own keys, and calls in their name", async () => {
      const { accessKey = "", secretKey = "" } = server.webKeys ?? {};
      const ask = async (endpoint: string, body: object, headers: object = {}): Promise<{ id: string; token: string; users: object[] }> => {
        const reply = await fetch(`${server.apiUrl}/v999.0/${endpoint}`, {
          method: "POST",
          headers: { authorization: basic(accessKey, secretKey), ...headers },
          body: JSON.stringify(body),
        });
        return ((await reply.json()) as { data: never }).data;
      };
      expect((await server.ask("login.supported_modes", {}, { token: undefined })).basic.enabled).to.equal(false);
      const { id } = await ask("auth.create_user", { email: "ann@example.com", name: "Ann Other", company: COMPANY });
      expect((await ask("users.get_all", {})).users.map((one) => (one as { id: string }).id)).to.include(id);
      const { token } = await ask("auth.login", {}, { "x-clearml-impersonate-as": id });
      expect((await server.ask("users.get_current_user", {}, { token })).user).to.include({ id, name: "Ann Other", role: "user" });
    });
  });

  it("the keys of the web app are worth nothing unless a name is enough", async () => {
    await using open = await EmbeddedServer.start({ nameLogin: true });
    const { accessKey = "", secretKey = "" } = open.webKeys ?? {};
    expect((await logIn(open, accessKey, secretKey)).status).to.equal(200);
    await open.close();
    const server = await EmbeddedServer.start({ dataFolder: open.folder });
    expect(server.webKeys).to.equal(undefined);
    expect((await logIn(server, accessKey, secretKey)).status).to.equal(401);
    await server.close();
  });
});
