import { createServer } from "node:net";
import { expect } from "chai";
import { Files } from "../../api/files.ts";

const session = { authorization: async () => await Promise.resolve("Bearer t") };

describe("the client of the file server", () => {
  it("gives up a server that takes an upload and never answers", async () => {
    const silent = createServer((socket) => socket.resume().unref()).listen(0, "127.0.0.1");
    await new Promise((listening) => silent.once("listening", listening));
    const { port } = silent.address() as { port: number };
    const files = new Files(session, `http://127.0.0.1:${port}`, { answerMs: 50 });
    const failure = await files.upload("a/b", new Uint8Array([1])).catch((error) => error);
    expect(failure).to.include({ name: "ApiError", status: 0, retryable: true });
    silent.close();
    silent.unref();
  });

  it("shows its token to its own server only", async () => {
    const seen: (string | null)[] = [];
    const http = (await import("node:http")).createServer((request, response) => {
      seen.push(request.headers.authorization ?? null);
      response.end("content");
    });
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    const address = `http://127.0.0.1:${(http.address() as { port: number }).port}`;
    await new Response(await new Files(session, address).download(`${address}/file`)).text();
    await new Response(await new Files(session, "http://127.0.0.1:9").download(`${address}/file`)).text();
    expect(seen).to.deep.equal(["Bearer t", null]);
    http.closeAllConnections();
    http.close();
  });
});
