import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { agentIdOf } from "../../agent/agent-identity.ts";
import { openStateFolder } from "../../agent/state-folder.ts";
import { silentLogger } from "../../base/logger.ts";
import { temporaryFolder } from "../support/folder.ts";

describe("the state folder", () => {
  it("keeps the agent's id", async () => {
    const folder = await temporaryFolder();
    const id = await agentIdOf(folder, silentLogger);
    expect(id).to.match(/^[0-9a-f]{32}$/);
    expect(await agentIdOf(folder, silentLogger)).to.equal(id);
  });

  for (const text of ["", '{"id":"0123', "null", "{}", '{"id":7}', '{"id":""}', "\0\0"])
    it(`gets a new id, once, where a power cut left ${JSON.stringify(text)}`, async () => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, "agent.json"), text);
      await using stack = new AsyncDisposableStack();
      const id = await openStateFolder(folder, stack, silentLogger);
      expect(id).to.match(/^[0-9a-f]{32}$/);
      expect(JSON.parse(await readFile(join(folder, "agent.json"), "utf8"))).to.include({ id });
      expect(await agentIdOf(folder, silentLogger)).to.equal(id);
    });
});
