import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { configFileSchema } from "../../agent/config-schema.ts";
import { loadConfig } from "../../agent/load-config.ts";

const SHIPPED = resolve(import.meta.dirname, "../../agent.config.yaml");

async function file(name: string, text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "windlass-config-")), name);
  await writeFile(path, text);
  return path;
}

async function failure(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );
}

describe("the agent's configuration", () => {
  it("is explained by a file that says exactly the defaults", async () => {
    const shipped = configFileSchema.parse(parse(await readFile(SHIPPED, "utf8")));
    const withoutNulls = JSON.parse(JSON.stringify(shipped, (_key, value: unknown) => (value === null ? undefined : value)));
    expect(withoutNulls).to.deep.equal(JSON.parse(JSON.stringify(configFileSchema.parse({}))));
  });

  it("takes flags over the environment over files, and says where each value came from", async () => {
    const config = await file("agent.config.yaml", "agent:\n  name: from-file\n  slots: 3\nserver:\n  api: http://file:1\n");
    const env = { CLEARML_WORKER_NAME: "from-environment", CLEARML_API_HOST: "http://environment:2/" };
    const loaded = await loadConfig({ config, slots: 5 }, env);
    expect(loaded.config.slots).to.equal(5);
    expect(loaded.config.name).to.equal("from-environment");
    expect(loaded.config.server.api).to.equal("http://environment:2");
    expect(loaded.origins).to.include({ "agent.slots": "command line", "agent.name": "environment CLEARML_WORKER_NAME" });
  });

  it("reads credentials of a clearml.conf, also with addresses without quotes", async () => {
    const conf = await file(
      "clearml.conf",
      'api {\n  api_server: http://conf:8008\n  credentials {"access_key": "A", "secret_key": "S"}\n}\nagent.git_user = "me"\n',
    );
    const { config } = await loadConfig({}, { CLEARML_CONFIG_FILE: conf });
    expect(config.server).to.include({ api: "http://conf:8008", accessKey: "A", secretKey: "S" });
    expect(config.runSettings.source.gitUser).to.equal("me");
  });

  it("names the key and the file of a mistake", async () => {
    const config = await file("agent.config.yaml", "agent:\n  slotz: 3\n");
    const message = await failure(loadConfig({ config }, {}));
    expect(message).to.contain("slotz").and.to.contain(config);
  });

  it("refuses durations and sizes that are none", async () => {
    expect(await failure(loadConfig({ config: await file("a.yaml", "run:\n  grace: soon\n") }, {}))).to.contain('"soon" is not a duration');
    expect(await failure(loadConfig({ config: await file("a.yaml", "process:\n  memory_limit: much\n") }, {}))).to.contain(
      '"much" is not a size',
    );
    expect(await failure(loadConfig({ config: await file("a.yaml", "disk:\n  keep_free: some\n") }, {}))).to.contain(
      '"some" is not a size',
    );
    expect(await failure(loadConfig({ config: await file("a.yaml", "disk:\n  schedule: every night\n") }, {}))).to.contain(
      '"every night" is not a cron expression',
    );
  });
});
