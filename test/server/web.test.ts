import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ProgramProcess } from "../support/product.ts";
import { windlass } from "../support/windlass-command.ts";

const PAGE = "<!doctype html><title>app</title><script src='main.js'></script>";
const SCRIPT = "main.0123456789abcdef.js";

async function smallApp(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), PAGE);
  await writeFile(join(folder, SCRIPT), "run()");
  await writeFile(join(folder, "assets/some-component.js"), "part()");
  await writeFile(join(folder, ".secret"), "secret");
  return folder;
}

describe("the web app's port", () => {
  let server: EmbeddedServer;
  let folder: string;
  before(async () => {
    folder = await smallApp();
    server = await EmbeddedServer.start({ web: { folder, port: 0 } });
  });
  after(async () => await server[Symbol.asyncDispose]());

  const get = async (path: string, init: RequestInit = {}): Promise<Response> => await fetch(`${server.webUrl}${path}`, init);

  it("gives the files, and the page for what is a page of the app", async () => {
    for (const path of ["/", "/index.html", "/projects/x/tasks/y?a=b", "/login", "/assets"]) {
      const reply = await get(path);
      expect([reply.status, await reply.text()], path).to.deep.equal([200, PAGE]);
      expect(reply.headers.get("content-type")).to.match(/^text\/html/);
    }
    expect(await (await get(`/${SCRIPT}`)).text()).to.equal("run()");
    for (const path of ["/nope.js", "/assets/nope.png", "/nope.json", "/.secret"]) expect((await get(path)).status, path).to.equal(404);
    const head = await get("/", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).to.deep.equal([200, String(PAGE.length), ""]);
    expect((await get("/", { method: "POST" })).status).to.equal(405);
  });

  it("has what never changes kept for ever, and the rest asked for again", async () => {
    expect((await get(`/${SCRIPT}`)).headers.get("cache-control")).to.contain("immutable");
    for (const path of ["/", "/assets/some-component.js"]) expect((await get(path)).headers.get("cache-control")).to.equal("no-cache");
    const etag = (await get("/")).headers.get("etag") ?? "";
    const repeated = request(`${server.webUrl}/`, { headers: { "if-none-match": etag } }).end();
    const [reply] = (await once(repeated, "response")) as [IncomingMessage];
    expect(reply.resume().statusCode).to.equal(304);
  });

  it("gives nothing from outside its folder", async () => {
    await symlink(server.folder, join(folder, "out"));
    await symlink(join(folder, SCRIPT), join(folder, "inside.js"));
    for (const path of [
      "/../identity.json",
      "/%2e%2e/identity.json",
      "/out/identity.json",
      "/assets/..%2f..%2f..%2fetc%2fpasswd.txt",
      "/%00.js",
    ]) {
      const answer = await raw(path);
      expect(answer, path)
        .to.match(/^HTTP\/1\.1 40[04] /)
        .and.not.contain("tokenSecret");
    }
    expect(await (await get("/inside.js")).text()).to.equal("run()");
  });

  /** As it stands: fetch would tidy the path. */
  async function raw(path: string): Promise<string> {
    const { hostname, port } = new URL(server.webUrl);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    return Buffer.concat(await socket.toArray()).toString();
  }

  it("passes the API on: login by cookie, any version, the client's own address", async () => {
    const open = await get("/api/v999.0/login.supported_modes", { method: "POST", body: "{}" });
    expect(await open.json()).to.deep.nested.include({ "meta.endpoint.name": "login.supported_modes" });
    const login = await get("/api/v999.0/auth.login", { method: "POST", headers: { authorization: `Bearer ${server.token}` } });
    const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect(login.headers.get("set-cookie")).to.contain("HttpOnly").and.contain("SameSite=Lax").and.not.contain("Secure");
    const body = JSON.stringify({ worker: "web:0" });
    expect((await get("/api/v999.0/workers.register", { method: "POST", headers: { cookie }, body })).status).to.equal(200);
    expect((await server.ask("workers.get_all", { worker_pattern: "web:0" })).workers[0].ip).to.equal("127.0.0.1");
    expect((await get("/api/v999.0/tasks.get_all", { method: "POST" })).status).to.equal(401);
    expect(await (await get("/api/nope")).json()).to.have.property("meta");
    expect(await (await get("/apiary")).text()).to.equal(PAGE);
  });

  it("passes files on, in and out, by cookie", async () => {
    const headers = { cookie: `clearml_token_basic=${server.token}` };
    const form = new FormData();
    form.append("w/a b.bin", new Blob([new Uint8Array(5 * 2 ** 20)]), "x");
    const stored = await get("/files/", { method: "POST", headers, body: form });
    expect(await stored.json()).to.deep.equal(["w/a b.bin"]);
    expect((await (await get("/files/w/a%20b.bin", { headers })).arrayBuffer()).byteLength).to.equal(5 * 2 ** 20);
    expect((await get("/files/w/a%20b.bin", { headers: { ...headers, range: "bytes=0-9" } })).status).to.equal(206);
    expect((await get("/files/w/a%20b.bin")).status).to.equal(401);
    expect((await get("/files/w/a%20b.bin", { method: "DELETE", headers })).status).to.equal(200);
    expect((await fetch(`${server.filesUrl}/w/a%20b.bin`, { headers })).status).to.equal(404);
  });

  it("gives the app its keys where a name is enough to log in, and nobody otherwise", async () => {
    expect((await get("/credentials.json")).status).to.equal(404);
    await using named = await EmbeddedServer.start({ web: { folder, port: 0 }, nameLogin: true });
    const keys = (await (await fetch(`${named.webUrl}/credentials.json`)).json()) as Record<string, string>;
    expect(keys["companyID"]).to.equal(COMPANY);
    const authorization = `Basic ${Buffer.from(`${keys["userKey"]}:${keys["userSecret"]}`).toString("base64")}`;
    const login = await fetch(`${named.webUrl}/api/v999.0/auth.login`, { method: "POST", headers: { authorization } });
    expect(login.status).to.equal(200);
  });
});

describe("windlass server --web-dir", () => {
  it("tells its address, and where the app is, to clients", async () => {
    const [folder, data] = [await smallApp(), await temporaryFolder()];
    const ports = ["--api-port", "0", "--files-port", "0", "--web-port", "0"];
    const program = new ProgramProcess({}, ["server", "--data", data, "--web-dir", folder, ...ports], {});
    try {
      const webUrl = /web (\S+)/.exec(await program.waitFor(/ready: API \S+, files \S+, web \S+/))?.[1] ?? "";
      expect(await (await fetch(webUrl)).text()).to.equal(PAGE);
    } finally {
      expect(await program.end()).to.equal(0);
    }
  });

  it("says what to do about a folder that is none, or holds no app", async () => {
    const data = await temporaryFolder();
    const ports = ["--data", data, "--api-port", "0", "--files-port", "0", "--web-port", "0"];
    const [none, empty] = [join(data, "none"), await temporaryFolder()];
    for (const [folder, problem] of [
      [none, "is not there"],
      [empty, "holds no index.html"],
    ] as const) {
      const { code, stderr } = await windlass(["server", ...ports, "--web-dir", folder]);
      expect(code).to.equal(1);
      expect(stderr).to.contain(problem).and.contain("Give --web-dir the folder");
    }
  });
});
