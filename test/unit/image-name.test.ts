import { expect } from "chai";
import { checkImageName, withTag } from "../../runner/docker/image-name.ts";

describe("the name of an image", () => {
  const GOOD = [
    "python",
    "python:3.12-slim",
    "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
    "localhost:5000/team/app",
    "registry.example.org/a/b_c/d--e:v1.0_x",
    `ubuntu@sha256:${"a".repeat(64)}`,
    `gcr.io/x/y:tag@sha256:${"0".repeat(64)}`,
    `sha256:${"b".repeat(64)}`,
    "0123456789ab",
  ];
  for (const name of GOOD) it(`may be ${name}`, () => expect(() => checkImageName(name)).not.to.throw());

  const BAD = [
    "",
    "a//b",
    "a/../b",
    "a/./b",
    "Python",
    "a b",
    "-x",
    "--rm",
    "a:b:c",
    "a@sha256:12",
    "/a",
    "a/",
    "a\nb",
    "http://x/y",
    "a:",
  ];
  for (const name of BAD)
    it(`may not be ${JSON.stringify(name)}`, () => expect(() => checkImageName(name)).to.throw("not the name of an image"));

  it("gets a tag where it has neither tag nor digest: else all tags would be pulled", () => {
    expect(withTag("python")).to.equal("python:latest");
    expect(withTag("localhost:5000/x")).to.equal("localhost:5000/x:latest");
    expect(withTag("python:3")).to.equal("python:3");
    expect(withTag(GOOD[5] ?? "")).to.equal(GOOD[5]);
  });
});
