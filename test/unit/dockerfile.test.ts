import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { dockerfileText, installRunner, setupRunner } from "../../runner/docker/dockerfile.ts";

describe("the Dockerfile of an environment", () => {
  it("runs both steps as root, keeps nothing of the context and restores the user", () => {
    const lines = dockerfileText({ image: "python:3.12", user: "app", setup: true, requirements: true }).trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).to.deep.equal(["FROM", "USER", "RUN", "RUN", "USER"]);
    expect(lines[1]).to.equal("USER 0");
    expect(lines[2]).to.contain("--mount=type=bind").and.to.contain("run-setup.sh");
    expect(lines[3]).to.contain("--mount=type=cache").and.to.contain("run-install.sh");
    expect(lines[4]).to.equal("USER app");
  });

  it("has only the steps that are needed, no syntax line, no heredoc", () => {
    const text = dockerfileText({ image: "x", user: "", setup: false, requirements: true });
    expect(text.match(/^RUN/gm)).to.have.length(1);
    expect(text).to.not.match(/^USER (?!0)/m);
    expect(text).to.not.match(/syntax=|<</);
  });

  it("passes values of variables on as they are, whatever they contain", () => {
    const value = 'it\'s $HOME `id`\n"end"';
    const head = setupRunner({ VALUE: value }).split("export DEBIAN_FRONTEND")[0] ?? "";
    expect(execFileSync("/bin/sh", ["-c", `${head}printf %s "$VALUE"`], { encoding: "utf8" })).to.equal(value);
  });

  it("has scripts that a shell can read", () => {
    const plain = { python: "python3", file: "requirements/r.txt", variables: {}, keepSource: undefined };
    for (const script of [setupRunner({ A: "1" }), installRunner({ ...plain, keepSource: "key" }), installRunner(plain)])
      execFileSync("/bin/sh", ["-n", "-c", script]);
    expect(installRunner(plain)).to.contain("for candidate in python3 python;");
  });
});
