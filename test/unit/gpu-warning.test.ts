import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { missingGpus } from "../../cli/gpu-warning.ts";

describe("GPUs that were asked for", () => {
  let tool: string;

  before(async () => {
    tool = join(await mkdtemp(join(tmpdir(), "windlass-smi-")), "nvidia-smi");
    await writeFile(tool, '#!/bin/sh\necho "0"\necho "1"\n');
    await chmod(tool, 0o755);
  });

  it("are told when the machine does not have them", async () => {
    expect(await missingGpus(["0", "2"], tool)).to.equal("--gpus 0,2: this machine has only 0, 1; tasks are told to use 2 all the same");
    expect(await missingGpus(["0"], "/nowhere/nvidia-smi")).to.contain("finds no GPU on this machine");
  });

  it("are not told when it has them, or may have them: parts by MIG, devices by name, all, none", async () => {
    for (const gpus of [["0", "1"], ["1.0"], ["GPU-1234"], "all", "none"] as const)
      expect(await missingGpus(gpus, tool)).to.equal(undefined);
  });
});
