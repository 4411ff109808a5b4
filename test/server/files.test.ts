import { once } from "node:events";
import { readdir, readFile, stat, symlink } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ProgramProcess } from "../support/product.ts";

const BOUNDARY = "boundary-of-the-test";
const MIB = 2 ** 20;

interface Upload {
  readonly path: string;
  readonly content: Iterable<Buffer>;
  readonly token: string;
}

/** As the SDK does it: one part, whose field name is the path; the body goes out while it is made. */
async function upload(filesUrl: string, { path, content, token }: Upload): Promise<{ status: number; text: string }> {
  const outgoing = request(filesUrl, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
  });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${path}"; filename="${path}"\r\n\r\n`);
    yield* content;
    yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  }
  await pipeline(Readable.from(body()), outgoing);
  const [reply] = await answered;
  return { status: reply.statusCode ?? 0, text: Buffer.concat(await reply.toArray()).toString() };
}

function* megabytes(count: number): Generator<Buffer> {
  const chunk = Buffer.alloc(MIB, "x");
  for (let n = 0; n < count; n++) yield chunk;
}

describe("the file server, over HTTP", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  const store = async (path: string, text: string): Promise<{ status: number; text: string }> =>
    await upload(server.filesUrl, { path, content: [Buffer.from(text)], token: server.token });
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await fetch(`${server.filesUrl}${path}`, { ...init, headers: { authorization: `Bearer ${server.token}`, ...init.headers } });

  it("overwrites, keeps slashes, spaces and marks of a path, and finds it quoted", async () => {
    for (const path of ["/p/a b/ü%2F?#&+.txt", "p//x.txt"]) {
      await store(path, "before");
      expect(await store(path, "after")).to.deep.equal({ status: 200, text: JSON.stringify([path.replace(/^\/+/, "")]) });
      const quoted = path.split("/").map(encodeURIComponent).join("/").replace(/^\/*/, "/");
      expect(await (await ask(quoted)).text(), path).to.equal("after");
    }
  });

  it("answers HEAD, ranges and repeated questions", async () => {
    await store("r/digits.bin", "0123456789");
    const head = await ask("/r/digits.bin", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).to.deep.equal([200, "10", ""]);
    expect(head.headers.get("cache-control")).to.contain("max-age=300");
    for (const [range, status, text] of [
      ["bytes=2-4", 206, "234"],
      ["bytes=-3", 206, "789"],
      ["bytes=8-", 206, "89"],
      ["bytes=10-", 416, ""],
    ] as const) {
      const reply = await ask("/r/digits.bin", { headers: { range } });
      expect([reply.status, await reply.text()], range).to.deep.equal([status, text]);
    }
    const since = head.headers.get("last-modified") ?? "";
    // fetch would forbid the answer from a cache.
    const repeated = request(`${server.filesUrl}/r/digits.bin`, {
      headers: { authorization: `Bearer ${server.token}`, "if-modified-since": since },
    });
    const [again] = (await once(repeated.end(), "response")) as [IncomingMessage];
    expect(again.resume().statusCode).to.equal(304);
  });

  it("gives types by name; a .gz goes out as bytes, and what a task wrote as a page runs apart", async () => {
    for (const [name, type] of [
      ["t/a.png", /^image\/png/],
      ["t/a.json", /^application\/json/],
      ["t/a.csv.gz", /^application\/octet-stream/],
      ["t/a.html", /^text\/html/],
      ["t/page", /^application\/octet-stream/],
      ["t/a.foo", /^application\/octet-stream/],
    ] as const) {
      await store(name, "{}");
      const reply = await ask(`/${name}`);
      expect(reply.headers.get("content-type")).to.match(type);
      expect(reply.headers.get("content-encoding")).to.equal(null);
      expect(reply.headers.get("x-content-type-options")).to.equal("nosniff");
      expect(reply.headers.get("content-security-policy")?.includes("sandbox") ?? false).to.equal(name.endsWith("html"));
    }
  });

  it("deletes files, not folders, and once", async () => {
    await store("d/f.txt", "x");
    expect((await ask("/d", { method: "DELETE" })).status).to.equal(404);
    const gone = await ask("/d/f.txt", { method: "DELETE" });
    expect([gone.status, await gone.json()]).to.deep.equal([200, "d/f.txt"]);
    expect((await ask("/d/f.txt", { method: "DELETE" })).status).to.equal(404);
  });

  it("reaches nothing outside its folder, by no path and no link", async () => {
    await symlink(server.folder, join(server.folder, "files/link"));
    for (const path of ["/../identity.json", "/%2e%2e/identity.json", "/a/..%2f..%2fidentity.json", "/link/identity.json", "/%00"])
      for (const method of ["GET", "DELETE"]) expect((await ask(path, { method })).status, `${method} ${path}`).to.equal(404);
    expect((await store("link/new.txt", "x")).status).to.equal(404);
    expect((await store("a/../../new.txt", "x")).status).to.equal(404);
    const reply = await ask("/delete_many", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ files: ["link/identity.json", "link", "../identity.json"] }),
    });
    expect(((await reply.json()) as { deleted: object }).deleted).to.deep.equal({});
    expect(await readdir(server.folder))
      .to.include("identity.json")
      .and.not.include("new.txt");
    expect((await stat(join(server.folder, "identity.json"))).size).to.be.greaterThan(0);
  });

  it("reads a refused upload to its end, so that the client sees why", async () => {
    expect((await upload(server.filesUrl, { path: "../big", content: megabytes(20), token: server.token })).status).to.equal(404);
  });

  it("wants a token for everything but the question whether it is there, and takes a cookie", async () => {
    const bare = async (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<number> =>
      (await fetch(`${server.filesUrl}${path}`, { method, headers })).status;
    await store("auth.txt", "x");
    expect(await bare("/")).to.equal(200);
    for (const headers of [{ authorization: "Bearer nonsense" }, { cookie: "clearml_token_basic=nonsense" }])
      for (const path of ["/", "/auth.txt"]) expect(await bare(path, headers)).to.equal(401);
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) expect(await bare("/auth.txt", {}, method), method).to.equal(401);
    expect(await bare("/auth.txt", { cookie: `a=b; clearml_token_basic=${server.token}` })).to.equal(200);
    expect(await bare("/auth.txt", { authorization: `Bearer ${server.token}`, "content-encoding": "gzip" })).to.equal(415);
  });

  it("lets pages of other addresses in with the cookie", async () => {
    const headers = { origin: "http://app.example", "access-control-request-headers": "authorization,x-any" };
    const preflight = await fetch(`${server.filesUrl}/x`, { method: "OPTIONS", headers });
    expect(preflight.status).to.equal(200);
    expect(preflight.headers.get("access-control-allow-origin")).to.equal("http://app.example");
    expect(preflight.headers.get("access-control-allow-credentials")).to.equal("true");
    expect(preflight.headers.get("access-control-allow-headers")).to.equal("authorization,x-any");
    expect((await fetch(`${server.filesUrl}/`)).headers.get("access-control-allow-origin")).to.equal("*");
  });

  it("leaves nothing of an upload that breaks off", async () => {
    const outgoing = request(server.filesUrl, {
      method: "POST",
      headers: { authorization: `Bearer ${server.token}`, "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
    });
    outgoing.on("error", () => undefined);
    outgoing.write(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="half.bin"; filename="half.bin"\r\n\r\n`);
    outgoing.write(Buffer.alloc(MIB));
    const uploads = join(server.folder, "uploads");
    while ((await readdir(uploads)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    outgoing.destroy();
    while ((await readdir(uploads)).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await ask("/half.bin")).status).to.equal(404);
  });
});

describe("a file of some hundred MB", () => {
  it("goes in and out without the process growing by it", async function () {
    this.timeout(120_000);
    const data = await temporaryFolder();
    const program = new ProgramProcess({}, ["server", "--data", data, "--api-port", "0", "--files-port", "0"], {});
    try {
      const [, apiUrl = "", filesUrl = ""] = /API (\S+), files (\S+)/.exec(await program.waitFor(/ready: API \S+, files \S+/)) ?? [];
      const keys = /"access_key": "(.*)"\s+"secret_key": "(.*)"/.exec(await readFile(join(data, "clearml.conf"), "utf8"));
      const authorization = `Basic ${Buffer.from(`${keys?.[1]}:${keys?.[2]}`).toString("base64")}`;
      const login = await fetch(`${apiUrl}/auth.login`, { headers: { authorization } });
      const { token } = ((await login.json()) as { data: { token: string } }).data;
      const before = await peakBytes(program);
      const reply = await upload(filesUrl, { path: "big/file.bin", content: megabytes(300), token });
      expect(reply).to.deep.equal({ status: 200, text: '["big/file.bin"]' });
      const back = await fetch(`${filesUrl}/big/file.bin`, { headers: { authorization: `Bearer ${token}` } });
      let bytes = 0;
      for await (const chunk of back.body ?? []) bytes += (chunk as Uint8Array).byteLength;
      expect(bytes).to.equal(300 * MIB);
      expect((await peakBytes(program)) - before).to.be.lessThan(150 * MIB);
    } finally {
      await program.end();
    }
  });
});

/** The most memory that the process ever had. */
async function peakBytes(program: ProgramProcess): Promise<number> {
  const status = await readFile(`/proc/${program.child.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
