import { expect } from "chai";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

/** Of each service: how to make an object, how to read it back, and the subcode of its refusals. */
const SERVICES = [
  { service: "tasks", list: "tasks", refusal: 101, word: "task" },
  { service: "projects", list: "projects", refusal: 401, word: "project" },
  { service: "models", list: "models", refusal: 201, word: "model" },
];

describe("public objects", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  let count = 0;
  const make = async (service: string): Promise<string> =>
    (await server.ask(`${service}.create`, { name: `public ${count++}`, type: "training", uri: "file:///m" })).id as string;

  for (const { service, list, refusal, word } of SERVICES) {
    const owner = async (id: string): Promise<{ company: string; company_origin?: string }> =>
      (await server.ask(`${service}.get_all`, { id: [id], only_fields: ["company", "company_origin"] }))[list][0];

    describe(`${service}.make_public`, () => {
      it("takes the company away and notes where the object came from", async () => {
        const ids = [await make(service), await make(service)];
        expect(await server.ask(`${service}.make_public`, { ids: [...ids, ids[0]] })).to.deep.equal({ updated: 2 });
        for (const id of ids) expect(await owner(id)).to.include({ company: "", company_origin: COMPANY });
      });

      it("changes nothing when one id is unknown or public already", async () => {
        const [open, own] = [await make(service), await make(service)];
        await server.ask(`${service}.make_public`, { ids: [open] });
        const reply = await server.call(`${service}.make_public`, { ids: [own, "nope", open] });
        expect(reply).to.include({ status: 400, subcode: refusal, message: `Invalid ${word} id: ids=(nope, ${open})` });
        expect(await owner(own)).to.include({ company: COMPANY });
      });
    });

    describe(`${service}.make_private`, () => {
      it("gives a public object back to its company", async () => {
        const id = await make(service);
        await server.ask(`${service}.make_public`, { ids: [id] });
        expect(await server.ask(`${service}.make_private`, { ids: [id] })).to.deep.equal({ updated: 1 });
        expect((await owner(id)).company).to.equal(COMPANY);
        expect(await owner(id)).to.not.have.property("company_origin");
      });

      it("refuses what is private", async () => {
        const id = await make(service);
        const reply = await server.call(`${service}.make_private`, { ids: [id] });
        expect(reply).to.include({ status: 400, subcode: refusal, message: `Invalid ${word} id: ids=(${id})` });
      });
    });
  }

  it("a model that becomes public shows who changed it", async () => {
    const id = await make("models");
    const before = (await server.ask("models.get_by_id", { model: id })).model;
    await new Promise((resolve) => setTimeout(resolve, 5));
    await server.ask("models.make_public", { ids: [id] });
    const { model } = await server.ask("models.get_by_id", { model: id });
    expect(Date.parse(model.last_change)).to.be.greaterThan(Date.parse(before.last_change));
    expect(model.last_update).to.equal(before.last_update);
  });
});
