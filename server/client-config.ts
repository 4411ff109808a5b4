import { writeFileDurably } from "../base/files.ts";

/** What `clearml.conf` says about this server: the official SDK, clearml-agent and windlass read it as CLEARML_CONFIG_FILE. */
export interface ClientConfig {
  readonly apiUrl: string;
  readonly filesUrl: string;
  readonly webUrl: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export async function writeClientConfig(path: string, config: ClientConfig): Promise<void> {
  const text = `# Written by windlass server at its start. Whoever can read this file can use the server.
api {
  web_server: "${config.webUrl}"
  api_server: "${config.apiUrl}"
  files_server: "${config.filesUrl}"
  credentials {
    "access_key": "${config.accessKey}"
    "secret_key": "${config.secretKey}"
  }
}
# The official SDK looks for the repository in a thread while it forks its reporter, and now and then waits for ever.
sdk { development { vcs_repo_detect_async: false } }
`;
  await writeFileDurably(path, text);
}
