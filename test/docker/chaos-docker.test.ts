import { chaosCases } from "../support/chaos-cases.ts";
import { requireDocker } from "../support/docker.ts";

describe("chaos, with Docker", () => {
  before(requireDocker);
  chaosCases(["crash", "abort", "restarts", "infrastructure"], "docker");
});
