import { chaosCases } from "../support/chaos-cases.ts";

describe("chaos, with processes", () => {
  chaosCases(["crash", "network", "claims", "abort", "restarts", "answers", "signals"], "process");
});
