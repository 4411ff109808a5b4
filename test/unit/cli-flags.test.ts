import { expect } from "chai";
import { agentFlags } from "../../cli/agent-flags.ts";
import { dockerAsOneWord } from "../../cli/docker-words.ts";
import { windlass } from "../support/windlass-command.ts";

interface Wrong {
  readonly args: readonly string[];
  readonly says: readonly string[];
}

const WRONG: readonly Wrong[] = [
  ...["x", "0", "-2", "2.5", "257"].map((value) => ({ args: ["daemon", "--slots", value], says: ["--slots", value, "from 1 to 256"] })),
  { args: ["up", "--slots", "x"], says: ["--slots", "x", "from 1 to 256"] },
  { args: ["daemon", "--polling-interval", "abc"], says: ["--polling-interval", "abc", "seconds"] },
  { args: ["daemon", "--queue", ""], says: ["--queue", '""', "--queue A B"] },
  { args: ["daemon", "--gpus", "zz"], says: ["--gpus", "zz", "0,1"] },
  { args: ["daemon", "--log-level", "loud"], says: ["--log-level", "loud", "DEBUG"] },
  { args: ["daemon", "--docker=-m 512m"], says: ["--docker", "-m", "IMAGE"] },
  { args: ["server", "--api-port", "abc"], says: ["--api-port", "abc", "from 0 to 65535"] },
  { args: ["tasks", "--limit", "x"], says: ["--limit", "x", "from 1"] },
  { args: ["tasks", "--limit", "-1"], says: ["--limit", "-1", "from 1"] },
  { args: ["tasks", "--status", "bogus"], says: ["--status", "bogus", "in_progress"] },
  { args: ["logs", "x", "--tail", "y"], says: ["--tail", "y", "from 0"] },
  { args: ["run"], says: ["--script", "--module"] },
  { args: ["run", "--script", "a.py", "--task-type", "foo"], says: ["--task-type", "foo", "training", "data_processing"] },
  { args: ["run", "--script", "a.py", "--time-limit", "soon"], says: ["--time-limit", "soon", "2m"] },
  { args: ["run", "--script", "a.py", "--time-limit", "0"], says: ["--time-limit", "0", "2m"] },
  { args: ["run", "--script", "a.py", "--on-lost", "cry"], says: ["--on-lost", "cry", "requeue"] },
  { args: ["run", "--script", "README.md", "--args", "lr"], says: ["--args", "lr", "NAME=VALUE"] },
  { args: ["run", "--script", "a.py", "--repo", "x", "--folder", "."], says: ["--repo", "--folder"] },
  { args: ["run", "--module", "tool"], says: ["--module", "tool", "--repo or --folder"] },
  { args: ["run", "--script", "no-such-file.py"], says: ["--script", "no-such-file.py"] },
  { args: ["run", "--script", "README.md", "--branch", "main"], says: ["--branch", "--repo"] },
  { args: ["init", "--api", "localhost:8008"], says: ["--api", "localhost:8008", "http://localhost:8008"] },
];

describe("wrong flags", () => {
  for (const { args, says } of WRONG)
    it(`windlass ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await windlass(args);
      expect(code, stderr).to.equal(64);
      for (const word of says) expect(stderr).to.contain(word);
      expect(stderr).not.to.match(/^\s+at /m);
      expect(stdout).to.equal("");
    });

  it("takes durations for the interval, in seconds where they have no unit", async () => {
    const { seconds } = await import("../../cli/flag-values.ts");
    expect(["5", "0.5", "500ms", "2m"].map(seconds)).to.deep.equal([5, 0.5, 0.5, 120]);
  });
});

describe("--docker", () => {
  const image = (...words: string[]): string[] => dockerAsOneWord(["daemon", ...words]).slice(1);

  it("takes an image and flags as two words or as one, as clearml-agent does", () => {
    const one = ["--docker", "python:3.12 -e FOO=1 -m 512m"];
    expect(image("--docker", "python:3.12", "-e FOO=1 -m 512m")).to.deep.equal(one);
    expect(image("--docker", "python:3.12", "-e FOO=1", "-m 512m")).to.deep.equal(one);
    expect(image(...one)).to.deep.equal(one);
    expect(image("--docker=python:3.12", "-m 512m", "--queue", "a")).to.deep.equal(["--docker=python:3.12 -m 512m", "--queue", "a"]);
  });

  it("leaves every other flag where it is", () => {
    const words = ["--docker", "--queue", "a", "--gpus", "0"];
    expect(image(...words)).to.deep.equal(words);
    expect(dockerAsOneWord(["run", "--docker", "img", "-e x"])).to.deep.equal(["run", "--docker", "img", "-e x"]);
  });

  it("keeps the flags as they were written, blanks in quotes included", () => {
    const { docker, dockerArguments } = agentFlags({ docker: ['img -e "A=b  c" -m 1g'] });
    expect({ docker, dockerArguments }).to.deep.equal({ docker: "img", dockerArguments: '-e "A=b  c" -m 1g' });
    expect(agentFlags({ docker: true })).to.include({ docker: "", dockerArguments: undefined });
  });

  it("is read so by the program, and shown so in its help", async () => {
    const { stdout } = await windlass(["daemon", "--help"]);
    expect(stdout.replace(/\s+/g, " ")).to.contain('--docker IMAGE "-e FOO=1 -m 512m"');
    const { stderr } = await windlass(["daemon", "--docker", "img", "-e FOO=1 -m 512m"]);
    expect(stderr).to.contain("there are no credentials").and.not.to.contain("unknown option");
  });
});
