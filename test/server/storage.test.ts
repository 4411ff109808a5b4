import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("storage settings", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  const settings = async (): Promise<{ aws: object; google: object; azure: object; last_update: string | null }> =>
    (await server.ask("storage.get_settings")).settings;

  describe("storage.get_settings", () => {
    it("is empty at first, and then nothing can be reset", async () => {
      expect(await settings()).to.deep.equal({
        aws: { key: "", secret: "", token: "", region: "", use_credentials_chain: false, buckets: [] },
        google: { project: null, credentials_json: null, buckets: [] },
        azure: { containers: [] },
        last_update: null,
      });
      expect(await server.ask("storage.reset_settings", { keys: ["aws"] })).to.deep.equal({ updated: 0 });
    });
  });

  describe("storage.set_settings", () => {
    it("replaces the sections that are given, and leaves the others", async () => {
      const bucket = { bucket: "b", key: "k", secret: "s", secure: false };
      const aws = { key: "K", secret: "S", buckets: [bucket, { bucket: "without keys" }] };
      expect(await server.ask("storage.set_settings", { aws })).to.deep.equal({ updated: 1 });
      const container = { account_name: "a", account_key: "k", container_name: "c" };
      await server.ask("storage.set_settings", { azure: { containers: [container] } });
      const found = await settings();
      expect(found.aws).to.deep.include({ key: "K", secret: "S", token: null, region: null, use_credentials_chain: false });
      const { buckets } = found.aws as { buckets: object[] };
      expect(buckets).to.have.length(1);
      expect(buckets[0]).to.include(bucket);
      expect(found.azure).to.deep.equal({ containers: [container] });
      expect(Date.parse(found.last_update ?? "")).to.be.above(0);
    });

    it("wants something, and JSON where it has to be", async () => {
      const message = "Validation error (No settings were provided)";
      expect(await server.call("storage.set_settings", {})).to.include({ status: 400, subcode: 12, message });
      const before = await settings();
      for (const google of [{ credentials_json: "no json" }, { buckets: [{ bucket: "b", credentials_json: "{" }] }])
        expect(await server.call("storage.set_settings", { google })).to.include({ status: 400, subcode: 12 });
      expect(await settings()).to.deep.equal(before);
      await server.ask("storage.set_settings", { google: { project: "p", credentials_json: '{"a": 1}' } });
      expect((await settings()).google).to.deep.equal({ project: "p", credentials_json: '{"a": 1}', buckets: [] });
    });
  });

  describe("storage.reset_settings", () => {
    it("empties the named sections", async () => {
      await server.ask("storage.set_settings", { aws: { key: "K", secret: "S" }, google: { project: "p" } });
      expect(await server.ask("storage.reset_settings", { keys: ["aws"] })).to.deep.equal({ updated: 1 });
      const found = await settings();
      expect(found.aws).to.include({ key: "" });
      expect(found.google).to.include({ project: "p" });
    });
  });
});
