import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { windlass } from "../support/windlass-command.ts";

const FILE = `
agent: { slots: 3, drain_deadline: 2h }
queues:
  quick: { time_limit: 10m }
  "gpu.large: a": { time_limit: 3h }
run:
  grace: 25s
  environment: { COLOUR: blue, API_TOKEN: hidden-1 }
git: { password: hidden-2 }
secrets: [hidden-3]
`;

describe("windlass config", () => {
  let [folder, path] = ["", ""];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "windlass-config-"));
    path = join(folder, "agent.config.yaml");
    await writeFile(path, FILE);
  });

  it("prints the file's own keys and units, each with its origin, so that it can be a file again", async () => {
    const env = { CLEARML_WORKER_NAME: "box", CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: "7" };
    const { stdout } = await windlass(["config", "--config", path], { env });
    const lines = stdout.split("\n").map((line) => line.trim().replace(/ +#/, " #"));
    expect(lines).to.include.members([
      `slots: 3 # ${path}`,
      `drain_deadline: 2h # ${path}`,
      `grace: 25s # ${path}`,
      `time_limit: 10m # ${path}`,
      "heartbeat: 30s # default",
      "name: box # environment CLEARML_WORKER_NAME",
    ]);
    expect(stdout).to.match(/poll_interval: "?7"? +# environment CLEARML_AGENT_QUEUE_POLL_FREQ_SEC/);
    const again = join(folder, "again.yaml");
    await writeFile(again, stdout);
    const second = await windlass(["config", "--config", again, "--json"]);
    expect(second.stderr).to.equal("");
    expect(JSON.parse(second.stdout)["run.grace"]).to.deep.equal({ value: "25s", origin: again });
    expect(parse(stdout).queues).to.deep.equal({ quick: { time_limit: "10m" }, "gpu.large: a": { time_limit: "3h" } });
  });

  it("masks what is secret, also as JSON", async () => {
    for (const more of [[], ["--json"]]) {
      const { stdout } = await windlass(["config", "--config", path, ...more], { env: { CLEARML_API_SECRET_KEY: "hidden-4" } });
      expect(stdout).not.to.contain("hidden");
      expect(stdout).to.contain("***").and.to.contain("blue");
    }
  });

  it("says what has no key in the file, too", async () => {
    const { stdout } = await windlass(["config"], { env: { CLEARML_WORKER_ID: "box:7" } });
    expect(stdout).to.contain("# agent.worker_id is box:7, which has no key here: environment CLEARML_WORKER_ID");
  });
});

describe("the address and the keys of a client", () => {
  const conf = (api: string): string => `api { api_server: "${api}"\n credentials { access_key: "A", secret_key: "S" } }\n`;

  async function home(api: string): Promise<{ HOME: string; path: string }> {
    const HOME = await mkdtemp(join(tmpdir(), "windlass-home-"));
    await mkdir(join(HOME, ".local/share/windlass"), { recursive: true });
    const path = join(HOME, ".local/share/windlass/clearml.conf");
    await writeFile(path, conf(api));
    return { HOME, path };
  }

  const api = async (env: Record<string, string>): Promise<unknown> =>
    JSON.parse((await windlass(["config", "--json"], { env })).stdout)["server.api"];

  it("are those of windlass up in its default folder when nothing else is said, and only then", async () => {
    const { HOME, path } = await home("http://127.0.0.1:18008");
    expect(await api({ HOME })).to.deep.equal({ value: "http://127.0.0.1:18008", origin: path });
    const elsewhere = { value: "http://else:1", origin: "environment CLEARML_API_HOST" };
    expect(await api({ HOME, CLEARML_API_HOST: "http://else:1" })).to.deep.equal(elsewhere);
    const { stdout } = await windlass(["config", "--json"], { env: { HOME, CLEARML_API_HOST: "http://else:1" } });
    expect(JSON.parse(stdout)["server.secret_key"]).to.deep.equal({ value: null, origin: "default" });
    await writeFile(join(HOME, "clearml.conf"), conf("http://own:2"));
    expect(await api({ HOME })).to.deep.equal({ value: "http://own:2", origin: join(HOME, "clearml.conf") });
  });

  async function refused(env: Record<string, string>): Promise<string> {
    const { code, stderr } = await windlass(["tasks"], { env });
    expect(code).to.equal(1);
    expect(stderr).not.to.match(/^\s+at /m);
    return stderr;
  }

  it("are asked for with the first step when there are none", async () => {
    expect(await refused({}))
      .to.contain("windlass up")
      .and.to.contain("clearml.conf")
      .and.to.contain("windlass init");
  });

  it("name a file that is not there", async () => {
    expect(await refused({ CLEARML_CONFIG_FILE: "/nowhere/clearml.conf" })).to.contain("there is no file /nowhere/clearml.conf");
  });

  it("name an address that is none, and its form", async () => {
    const message = await refused({ CLEARML_API_HOST: "localhost:8008" });
    expect(message).to.contain('"localhost:8008" (environment CLEARML_API_HOST)').and.to.contain("http://localhost:8008");
  });

  it("name a server that does not answer, and where its address came from", async () => {
    const { HOME, path } = await home("http://127.0.0.1:9");
    expect(await refused({ HOME })).to.contain(`no server answers at http://127.0.0.1:9 (${path}): ECONNREFUSED`);
  });

  it("name a server that speaks something else", async () => {
    const { createServer } = await import("node:http");
    const other = createServer((_request, response) => response.writeHead(404).end("not here")).listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const url = `http://127.0.0.1:${(other.address() as { port: number }).port}`;
    const env = { CLEARML_API_HOST: url, CLEARML_API_ACCESS_KEY: "A", CLEARML_API_SECRET_KEY: "S" };
    const message = await refused(env).finally(() => other.close());
    expect(message).to.contain(`${url} answered with HTTP 404, but not as a ClearML API`).and.to.contain("8081 the file server");
  });
});
