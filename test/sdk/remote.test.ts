import { expect } from "chai";
import { Comparison } from "../compare/comparison.ts";
import { EXAMPLES, type Example } from "../compare/examples.ts";
import type { WorkerName } from "../compare/workers.ts";
import { dockerAnswers, requireDocker } from "../support/docker.ts";
import { requirePython } from "../support/python-sdk.ts";

const named = (...names: string[]): Example[] => EXAMPLES.filter(({ name }) => names.includes(name));
const IN_CONTAINERS = named("artifacts", "configuration", "hyper_parameters", "models", "scalars");
const BY_OFFICIAL = named("hyper_parameters", "models", "scalars");

/** `npm run compare` does the same for all programs and all workers. */
describe("programs of the official SDK as tasks", function () {
  this.timeout(400_000);
  let comparison: Comparison;
  before(async function () {
    requirePython(this);
    comparison = await Comparison.start();
    await comparison.begin("clearml-agent, process", BY_OFFICIAL);
    await comparison.begin("windlass, process", EXAMPLES);
    if (dockerAnswers()) await comparison.begin("windlass, docker", IN_CONTAINERS);
  });
  after(async () => await comparison?.[Symbol.asyncDispose]());

  const arrives = (worker: WorkerName, examples: readonly Example[]): void => {
    for (const example of examples)
      it(`${example.name}: what it is given arrives, what it reports as well, and its console once`, async () => {
        const { faults } = await comparison.outcome(worker, example);
        expect(faults.join("\n"), await comparison.console(worker, example)).to.equal("");
      });
  };

  describe("run by our agent as processes", () => arrives("windlass, process", EXAMPLES));

  describe("run by our agent in containers, with the same documents", () => {
    before(requireDocker);
    arrives("windlass, docker", IN_CONTAINERS);
  });

  describe("run by clearml-agent, with the same documents but for what has its reason", () =>
    arrives("clearml-agent, process", BY_OFFICIAL));
});
