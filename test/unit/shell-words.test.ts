import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { shellWords } from "../../base/shell-words.ts";

describe("words of a shell line", () => {
  const lines = [
    "one two  three",
    "  padded\tby\n space ",
    "'single \"quoted\"' \"double 'quoted'\"",
    "glued'together'\"here\"",
    "'' \"\" ''x",
    'a\\ b \\"c \\\\',
    '"in \\" double \\\\ quotes \\n stay"',
    "'in \\' single",
    "-e 'A=B C' --name=\"x y\"",
  ];
  for (const line of lines)
    it(`are those that a shell makes of ${JSON.stringify(line)}`, () => {
      const shell = `printf '%s\\0' ${line.replaceAll("\n", " ")}`;
      expect(shellWords(line)).to.deep.equal(execFileSync("/bin/sh", ["-c", shell], { encoding: "utf8" }).split("\0").slice(0, -1));
    });

  it("expand nothing", () => {
    expect(shellWords("$HOME `id` *.txt ~ $(date)")).to.deep.equal(["$HOME", "`id`", "*.txt", "~", "$(date)"]);
    expect(shellWords('"\\$HOME"')).to.deep.equal(["$HOME"]);
  });

  it("are none in an empty line, and a quote that is never closed is an error", () => {
    expect(shellWords(" ")).to.deep.equal([]);
    expect(() => shellWords("a 'b")).to.throw("never closed");
  });
});
