import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("the file server", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  const headers = (): Record<string, string> => ({ authorization: `Bearer ${server.token}` });

  async function upload(name: string, content = "content"): Promise<{ status: number; text: string }> {
    const form = new FormData();
    form.append(name, new Blob([content]), "x");
    const reply = await fetch(server.filesUrl, { method: "POST", headers: headers(), body: form });
    return { status: reply.status, text: await reply.text() };
  }

  async function get(path: string): Promise<Response> {
    return await fetch(`${server.filesUrl}${path}`, { headers: headers() });
  }

  async function deleteMany(files: unknown): Promise<{ status: number; text: string }> {
    const reply = await fetch(`${server.filesUrl}/delete_many`, {
      method: "POST",
      headers: { ...headers(), "content-type": "application/json" },
      body: JSON.stringify({ files }),
    });
    return { status: reply.status, text: await reply.text() };
  }

  it("stores, gives and deletes under the path of the wire", async () => {
    expect(await upload("/a/b c.txt")).to.deep.equal({ status: 200, text: '["a/b c.txt"]' });
    expect(await (await get("/a/b%20c.txt")).text()).to.equal("content");
    expect((await stat(join(server.folder, "files/a"))).mode & 0o777).to.equal(0o700);
    expect(await readdir(join(server.folder, "uploads"))).to.deep.equal([]);
    const gone = await fetch(`${server.filesUrl}/a/b%20c.txt`, { method: "DELETE", headers: headers() });
    expect(await gone.text()).to.equal('"a/b c.txt"');
    expect((await get("/a/b%20c.txt")).status).to.equal(404);
  });

  it("never deletes the whole store", async () => {
    await upload("keep/1.txt");
    const roots = ["./", ".", "/", "", "//", "keep/..", "a/../", "./.", "%2e/", "%2e%2e/", "..", "/./."];
    const { status, text } = await deleteMany(roots);
    expect(status).to.equal(200);
    expect(JSON.parse(text)).to.deep.equal({ deleted: {}, errors: { "Empty or invalid path": roots } });
    expect((await get("/keep/1.txt")).status).to.equal(200);
  });

  it("deletes many, folders whole, and tells what it could not", async () => {
    await upload("many/x/1.txt");
    await upload("many/2.txt");
    await upload("__proto__");
    const { text } = await deleteMany(["many/x", "many%2F2.txt", "none", "%", "__proto__"]);
    expect(text).to.contain('"many/x":"many/x"').and.contain('"many%2F2.txt":"many/2.txt"');
    expect(JSON.parse(text).errors).to.deep.equal({ "Not found": ["none", "__proto__"], "Invalid path": ["%"] });
    for (const files of [null, "x", [1], {}]) expect((await deleteMany(files)).status, JSON.stringify(files)).to.equal(400);
  });

  it("refuses paths that cannot be, cleanly", async () => {
    await upload("file");
    await upload("folder/x");
    for (const name of ["file/below", "x".repeat(300), "folder", "y/".repeat(3000)]) {
      const { status, text } = await upload(name);
      expect(status, name.slice(0, 20)).to.equal(400);
      expect(text).to.contain("This path cannot be");
    }
    expect((await upload("../outside")).status).to.equal(404);
    expect((await upload("./")).status).to.equal(404);
    expect((await upload("z".repeat(255))).status).to.equal(200);
    expect(await readFile(join(server.folder, "files/file"), "utf8")).to.equal("content");
  });

  it("gives names in all letters as an attachment", async () => {
    for (const name of ["日本.txt", "ü x;y.txt", "it's (1).txt"]) {
      await upload(`names/${name}`);
      const reply = await get(`/names/${encodeURIComponent(name)}?download`);
      expect(reply.status, name).to.equal(200);
      const [, quoted = ""] = /filename\*=UTF-8''(.*)$/.exec(reply.headers.get("content-disposition") ?? "") ?? [];
      expect(decodeURIComponent(quoted)).to.equal(name);
    }
  });

  it("answers ranges that cannot be, and folders", async () => {
    await upload("ranges/x");
    const reply = await fetch(`${server.filesUrl}/ranges/x`, { headers: { ...headers(), range: "bytes=100-200" } });
    expect(reply.status).to.equal(416);
    expect((await get("/ranges")).status).to.equal(404);
    const part = await fetch(`${server.filesUrl}/ranges/x`, { headers: { ...headers(), range: "bytes=0-2" } });
    expect([part.status, await part.text()]).to.deep.equal([206, "con"]);
  });

  it("lets nobody in without a token", async () => {
    expect((await fetch(`${server.filesUrl}/a`)).status).to.equal(401);
    expect((await fetch(`${server.filesUrl}/delete_many`, { method: "POST", body: '{"files":["keep"]}' })).status).to.equal(401);
  });
});
