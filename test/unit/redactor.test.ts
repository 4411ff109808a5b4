import { expect } from "chai";
import { createRedactor } from "../../monitor/console/redactor.ts";

const SECRET = 'p4ss"w/örd+1';

function shown(text: string, ...secrets: string[]): string {
  return createRedactor(secrets).redact(Buffer.from(text)).toString();
}

function held(text: string, ...secrets: string[]): number {
  const bytes = Buffer.from(text);
  return bytes.length - createRedactor(secrets).endOutside(bytes, bytes.length);
}

describe("the redactor", () => {
  it("masks every occurrence, also two in a row", () => {
    expect(shown("a hunter2 hunter2hunter2 z", "hunter2")).to.equal("a ****** ************ z");
  });

  it("finds a secret as a URL, JSON and base64 write it", () => {
    const forms = [SECRET, encodeURIComponent(SECRET), JSON.stringify(SECRET), Buffer.from(SECRET).toString("base64")];
    for (const form of forms) expect(shown(`<${form}>`, SECRET)).to.match(/^<"?\*{6}"?=*>$/);
  });

  it("masks the longer of two secrets that begin alike", () => {
    expect(shown("token-1-admin token-1", "token-1", "token-1-admin")).to.equal("****** ******");
  });

  it("leaves short values alone, since they are ordinary text", () => {
    expect(shown("a value of 12345", "12345", "value")).to.equal("a value of 12345");
  });

  it("holds back what could be the beginning of a secret, and nothing else", () => {
    expect(held("see hun", "hunter2")).to.equal(3);
    expect(held("see hunt or not", "hunter2")).to.equal(0);
    expect(held("hunhunte", "hunter2")).to.equal(5);
    expect(held("anything")).to.equal(0);
  });

  it("never lets the end of what is sent fall into a secret that is there as a whole", () => {
    expect(held("key: xabcdefx", "xabcdefx")).to.equal(8);
    expect(held("key: abcdefgh", "abcdefgh", "hijklmno")).to.equal(8);
    expect(createRedactor(["one\ntwo"]).endOutside(Buffer.from("a one\ntwo b"), 6)).to.equal(2);
    expect(createRedactor(["one\ntwo"]).endOutside(Buffer.from("a one\nthree"), 6)).to.equal(6);
  });
});
