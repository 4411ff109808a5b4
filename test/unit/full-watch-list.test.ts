import { spawn } from "node:child_process";
import fs from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { identityOf, type ProcessIdentity } from "../../base/process-identity.ts";
import { SpoolReader } from "../../monitor/console/spool-reader.ts";
import { untilGone, untilLeftBehind } from "../../runner/process/found-program.ts";
import { temporaryFolder } from "../support/folder.ts";

/** As inotify says it: all watches of the machine are taken, or all instances of the user. */
for (const code of ["ENOSPC", "EMFILE"])
  describe(`a machine without watches to spare (${code})`, () => {
    const { watch } = fs;
    let asked = 0;

    before(() => {
      const refuse = (): never => {
        asked++;
        throw Object.assign(new Error(`${code}: no more watches`), { code });
      };
      fs.watch = refuse as unknown as typeof watch;
      syncBuiltinESMExports();
    });

    beforeEach(() => {
      asked = 0;
    });

    afterEach(() => expect(asked).to.equal(1));

    after(() => {
      fs.watch = watch;
      syncBuiltinESMExports();
    });

    it("has a console followed all the same", async () => {
      const path = join(await temporaryFolder(), "console.log");
      const reader = await SpoolReader.open(path, 0);
      while ((await reader.fill(1)) !== "end");
      await appendFile(path, "a line\n");
      await reader.waitForMore();
      expect(await reader.fill(1)).to.equal("grew");
      await reader.close();
    });

    it("learns that a program of an earlier agent is gone, or has written how it ended", async () => {
      const exitFile = join(await temporaryFolder(), "exit");
      const child = spawn("sleep", ["600"]);
      const waiting = untilGone((await identityOf(child.pid ?? 0)) as ProcessIdentity, exitFile);
      child.kill("SIGKILL");
      await waiting;
    });

    it("learns that a program has ended although something that it left behind holds its output", async () => {
      const exitFile = join(await temporaryFolder(), "exit");
      const waiting = untilLeftBehind(exitFile, new AbortController().signal);
      await pause(10);
      await writeFile(exitFile, "0");
      await waiting;
    });

    it("looks no longer once nobody waits", async () => {
      const over = new AbortController();
      const waiting = untilLeftBehind(join(await temporaryFolder(), "exit"), over.signal);
      over.abort();
      await waiting;
    });
  });
