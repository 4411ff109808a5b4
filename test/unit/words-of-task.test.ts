import { expect } from "chai";
import type { RunError } from "../../runner/run-error.ts";
import { prepareSource } from "../../runner/source/prepare-source.ts";
import { refuseUnfitTask } from "../../runner/words-of-task.ts";
import { failureOf } from "../support/failure.ts";
import { runContext, taskWith } from "../support/run-context.ts";

const environment = (value: string): object => ({ hyperparams: { Environment: { WORD: { name: "WORD", value } } } });
const FIELDS: Readonly<Record<string, (word: string) => object>> = {
  "script.entry_point": (word) => ({ script: { entry_point: word } }),
  "script.working_dir": (word) => ({ script: { working_dir: word } }),
  "script.branch": (word) => ({ script: { branch: word } }),
  "container.image": (word) => ({ container: { image: word } }),
  "container.arguments": (word) => ({ container: { arguments: ["-e", word] } }),
  "hyperparams.Environment.WORD": environment,
};

describe("a word that no program can be given", () => {
  for (const [field, fields] of Object.entries(FIELDS))
    it(`fails the task by the name of its field, ${field}`, async () => {
      for (const word of ["a\0b", "x".repeat(131_072)]) {
        const error = await failureOf<RunError>(() => refuseUnfitTask(taskWith(fields(word))));
        expect(error).to.have.property("outcome", "failed/task-invalid");
        expect(error.message)
          .to.match(new RegExp(`^${field} (holds a NUL|is longer)`))
          .and.have.length.below(200);
      }
      refuseUnfitTask(taskWith(fields("x".repeat(100_000))));
    });

  it("is measured with the name of its variable", async () => {
    refuseUnfitTask(taskWith(environment("x".repeat(131_071 - "WORD=".length))));
    await failureOf(() => refuseUnfitTask(taskWith(environment("x".repeat(131_071 - "WORD=".length + 1)))));
  });
});

describe("a path that is too long for this machine", () => {
  for (const script of [
    { diff: "print(1)", entry_point: `${"n".repeat(300)}.py` },
    { diff: "print(1)", entry_point: `${"n/".repeat(3_000)}.py` },
  ])
    it(`fails the task: ${script.entry_point.length} characters`, async () => {
      const error = await failureOf<RunError>(prepareSource(await runContext(taskWith({ script }))));
      expect(error).to.have.property("outcome", "failed/task-invalid");
    });
});
