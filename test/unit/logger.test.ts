import { expect } from "chai";
import { WindlassError } from "../../base/errors.ts";
import { createLogger } from "../../base/logger.ts";

const HUGE = "x".repeat(1_000_000);

describe("the agent's log", () => {
  for (const format of ["json", "text"] as const) {
    it(`stays short whatever it is told, as ${format}`, () => {
      const lines: string[] = [];
      const logger = createLogger({ level: "debug", format, write: (line) => lines.push(line) });
      const foreseen = new WindlassError(HUGE, { code: "c", hint: HUGE, cause: new Error(HUGE) });
      const unforeseen = Object.assign(new Error(HUGE, { cause: foreseen }), {
        issues: Array.from({ length: 200_000 }, () => ({ path: [HUGE] })),
      });
      logger.info(HUGE);
      logger.child({ queue: HUGE }).info({ name: HUGE, nested: { name: [HUGE] } }, `a task ${HUGE}`);
      for (const err of [foreseen, unforeseen]) {
        logger.warn({ err }, "failed");
        logger.error(err);
      }
      expect(lines).to.have.length(6);
      for (const line of lines) expect(line.length).to.be.within(2_000, 300_000);
      expect(lines[0]).to.contain("x… (1000000 characters)");
    });
  }

  it("tells short things as they are", () => {
    const lines: string[] = [];
    const logger = createLogger({ level: "info", format: "json", write: (line) => lines.push(line) });
    const at = new Date(0);
    logger
      .child({ queue: "q" })
      .child({ task: "t" })
      .warn({ err: new WindlassError("no", { code: "c" }), at, list: [1], nothing: undefined }, "told %s", "twice");
    logger.info(new Error("bare"));
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).to.deep.include({ queue: "q", task: "t", msg: "told twice", at: at.toISOString(), list: [1] });
    expect(first?.["err"]).to.deep.equal({ type: "WindlassError", message: "no", code: "c" });
    expect(second).to.deep.include({ msg: "bare" });
    expect(second?.["err"]).to.have.property("stack").that.contains("logger.test");
  });
});
