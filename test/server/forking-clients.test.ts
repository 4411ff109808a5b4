import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("connections of clients that fork", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  const connectionOf = async (url: string, agent: string): Promise<string | null> =>
    (await fetch(url, { headers: { "user-agent": agent, authorization: `Bearer ${server.token}` } })).headers.get("connection");

  it("end with the answer, on the API and the file server, refusals too", async () => {
    for (const url of [`${server.apiUrl}/users.get_current_user`, `${server.apiUrl}/no.such`, `${server.filesUrl}/no-such-file`])
      expect(await connectionOf(url, "python-requests/2.34.2"), url).to.equal("close");
  });

  it("stay open for everybody else", async () => {
    for (const url of [`${server.apiUrl}/users.get_current_user`, `${server.filesUrl}/no-such-file`])
      expect(await connectionOf(url, "Mozilla/5.0"), url).to.equal("keep-alive");
  });
});
