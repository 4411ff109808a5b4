import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { ownCommand } from "../../../cli/service/own-command.ts";
import { checkedDaemonArguments } from "../../../cli/service/service-config.ts";
import { quoted, unitText } from "../../../cli/service/unit-text.ts";

const PACKAGED = resolve(import.meta.dirname, "../../../systemd/windlass.service");

describe("the unit of the service", () => {
  it("is in the package as install-service would write it for /usr/local/bin", async () => {
    const text = unitText({ kind: "system", name: "windlass", command: ["/usr/local/bin/windlass", "daemon"] });
    expect(await readFile(PACKAGED, "utf8"), "node scripts/write-unit.ts writes it anew").to.equal(text);
  });

  it("keeps runs alive, is watched, and hides nothing from them", () => {
    for (const kind of ["system", "user"] as const) {
      const text = unitText({ kind, name: "windlass", command: ["/opt/windlass", "daemon"] });
      for (const line of ["Type=notify", "KillMode=process", "TimeoutStopSec=infinity", "OOMPolicy=continue", "Restart=on-failure"])
        expect(text.split("\n"), kind).to.include(line);
      expect(text).to.match(/^WatchdogSec=\d+$/m);
      expect(text, kind).not.to.match(/^(PrivateTmp|ProtectHome|ProtectSystem|RuntimeDirectory|NoNewPrivileges|Delegate)=/m);
    }
  });

  it("belongs to the machine or to a user", () => {
    const own = unitText({ kind: "user", name: "gpu", command: ["/opt/windlass"] });
    expect(own)
      .to.contain("WantedBy=default.target")
      .and.not.to.match(/StateDirectory|network-online/);
    const machine = unitText({ kind: "system", name: "gpu", command: ["/opt/windlass"] });
    expect(machine).to.contain("WantedBy=multi-user.target").and.to.contain("StateDirectory=gpu");
  });

  it("quotes words as systemd reads them, without a shell", () => {
    expect(["--queue", "two words", 'a"b', "50%", "$HOME", "back\\slash", ""].map(quoted)).to.deep.equal([
      "--queue",
      '"two words"',
      '"a\\"b"',
      "50%%",
      "$$HOME",
      "back\\\\slash",
      '""',
    ]);
  });

  it("starts a checkout by its script, and a package by the Node that installed it", () => {
    expect(ownCommand("file:///src/windlass/cli/service/own-command.ts")).to.deep.equal(["/src/windlass/bin/windlass"]);
    const url = "file:///home/me/node_modules/windlass/dist/cli/service/own-command.js";
    expect(ownCommand(url, "/opt/node/bin/node")).to.deep.equal(["/opt/node/bin/node", "/home/me/node_modules/windlass/dist/cli/main.js"]);
  });
});

describe("the flags of the service", () => {
  let config: string;

  before(async () => {
    config = join(await mkdtemp(join(tmpdir(), "windlass-service-")), "agent.config.yaml");
    await writeFile(config, "agent:\n  queues: [default]\n");
  });

  const checked = (name: string, ...flags: string[]): Promise<string[]> => checkedDaemonArguments({ kind: "system", name, config, flags });

  it("name the configuration, and a state folder of its own for a second service", async () => {
    expect(await checked("windlass", "--slots", "2")).to.deep.equal(["--config", config, "--slots", "2"]);
    expect(await checked("gpu")).to.deep.equal(["--config", config, "--state", "/var/lib/gpu"]);
    expect(await checked("gpu", "--state", "/data")).to.deep.equal(["--config", config, "--state", "/data"]);
  });

  it("are checked before anything is written", async () => {
    const failure = async (work: Promise<unknown>): Promise<string> => await work.then(String, (error: Error) => error.message);
    expect(await failure(checked("windlass", "--sloots", "2"))).to.contain("--sloots");
    expect(await failure(checked("windlass", "--detached"))).to.contain("--detached is not supported");
    await writeFile(config, "agent:\n  slotz: 3\n");
    expect(await failure(checked("windlass"))).to.contain("slotz");
    const missing = checkedDaemonArguments({ kind: "system", name: "windlass", config: "/nowhere.yaml", flags: [] });
    expect(await failure(missing)).to.contain("/nowhere.yaml");
  });
});
