import { expect } from "chai";
import { QUEUE, TASK } from "../../server/store/kinds.ts";
import { projectionOf } from "../../server/store/projection.ts";

const DOCUMENT = { id: "1", name: "n", status: "created", script: { branch: "main", diff: "long" }, runtime: {} };

function shown(...paths: string[]): object {
  return projectionOf(TASK, paths).apply(structuredClone(DOCUMENT));
}

describe("a projection", () => {
  it("of nothing shows everything", () => {
    expect(projectionOf(TASK, []).apply(DOCUMENT)).to.equal(DOCUMENT);
    expect(shown()).to.deep.equal(DOCUMENT);
  });

  it("shows the asked-for paths, and the id when it is among them", () => {
    expect(shown("script.branch")).to.deep.equal({ script: { branch: "main" } });
    expect(shown("id", "name", "script")).to.deep.equal({ id: "1", name: "n", script: DOCUMENT.script });
    expect(shown("script.branch", "script.diff")).to.deep.equal({ script: DOCUMENT.script });
  });

  it("leaves out what is not there", () => {
    expect(shown("script.tag", "comment")).to.deep.equal({ script: {} });
  });

  it("takes paths away, but not from what is asked for", () => {
    expect(shown("-script.diff", "-name")).to.deep.equal({ id: "1", status: "created", script: { branch: "main" }, runtime: {} });
    expect(shown("script", "-script.diff")).to.deep.equal({ script: DOCUMENT.script });
  });

  it("reads only the columns that it needs", () => {
    expect(projectionOf(TASK, ["script.branch", "script.diff", "name"]).fields).to.deep.equal(["script", "name"]);
    expect(projectionOf(TASK, ["-name"]).fields).to.equal(undefined);
  });

  it("refuses fields that there are not; the entries of a queue are one", () => {
    expect(() => shown("nothing.at.all")).to.throw("Cannot resolve field");
    expect(() => shown("-nothing")).to.throw("Cannot resolve field");
    expect(projectionOf(QUEUE, ["entries", "name"]).fields).to.deep.equal(["entries", "name"]);
  });
});
