import { expect } from "chai";
import { readClearmlConf } from "../../agent/clearml-conf.ts";
import { failureOf } from "../support/failure.ts";

describe("a clearml.conf", () => {
  it("is read as clearml-init writes it", async () => {
    const text = `# ClearML SDK configuration file
api {
    # web_server on port 8080
    web_server: https://app.example.org/
    api_server: https://api.example.org
    files_server: "https://files.example.org"
    credentials {"access_key": "KEY", "secret_key": "SE#CRET"}
}
sdk { storage { cache { default_base_dir: "~/.clearml/cache" } } }
agent {
    git_user: "me", git_pass: ""
    default_docker: { image: "nvidia/cuda:11.0", arguments: ["--ipc=host"] }
    python_binary = python3.11
}
`;
    expect(await readClearmlConf(text, "clearml.conf")).to.deep.equal({
      "server.web": "https://app.example.org/",
      "server.api": "https://api.example.org",
      "server.files": "https://files.example.org",
      "server.access_key": "KEY",
      "server.secret_key": "SE#CRET",
      "git.user": "me",
      "docker.image": "nvidia/cuda:11.0",
      "process.python": "python3.11",
    });
  });

  it("may write paths with dots, and say a thing twice: the last one counts", async () => {
    expect(await readClearmlConf('api.api_server = "http://a:1"\napi { api_server: http://b:2 }', "x")).to.deep.equal({
      "server.api": "http://b:2",
    });
  });

  it("may hold texts that look like settings with addresses", async () => {
    const text = 'agent {\n  extra_docker_arguments: [\n    "-e",\n    "HTTP_PROXY=http://proxy:80", "NO=http://x"\n  ]\n  git_user: me\n}';
    expect(await readClearmlConf(text, "x")).to.deep.equal({ "git.user": "me" });
  });

  it("may be empty", async () => {
    expect(await readClearmlConf("", "x")).to.deep.equal({});
  });

  it("that is no HOCON is named", async () => {
    const error = await failureOf(readClearmlConf("api { api_server: ", "/etc/clearml.conf"));
    expect(error.message).to.contain("/etc/clearml.conf cannot be read");
  });
});
