import { messageOf, WindlassError } from "../base/errors.ts";

/** What we use of a `clearml.conf`. */
export interface ClearmlConf {
  readonly values: Readonly<Record<string, string>>;
}

/** Paths of a clearml.conf → keys of agent.config.yaml. */
const MAPPED: Readonly<Record<string, string>> = {
  "api.api_server": "server.api",
  "api.files_server": "server.files",
  "api.web_server": "server.web",
  "api.credentials.access_key": "server.access_key",
  "api.credentials.secret_key": "server.secret_key",
  "agent.worker_name": "agent.name",
  "agent.worker_id": "agent.worker_id",
  "agent.git_user": "git.user",
  "agent.git_pass": "git.password",
  "agent.git_host": "git.host",
  "agent.python_binary": "process.python",
  "agent.default_docker.image": "docker.image",
};

/** Addresses are often written without quotes, which HOCON itself does not allow (`:` and `//`), but ClearML's reader does. */
const BARE_ADDRESS = /((?:^|[{,])\s*(?:"[\w.-]+"|[\w.-]+)\s*[:=]\s*)(https?:\/\/[^\s"#,}]+)/gm;

/** Reads a HOCON configuration of ClearML's; empty texts count as not set. */
export async function readClearmlConf(text: string, path: string): Promise<Record<string, string>> {
  const { default: parse } = await import("@pushcorn/hocon-parser" as string);
  let tree: unknown;
  try {
    tree = await (parse as (options: { text: string; strict: boolean }) => Promise<unknown>)({
      text: text.replace(BARE_ADDRESS, '$1"$2"'),
      strict: true,
    });
  } catch (error) {
    throw new WindlassError(`${path} cannot be read: ${messageOf(error)}`, {
      code: "bad-config",
      hint: "It has to be HOCON, as `clearml-init` writes it.",
    });
  }
  const values: Record<string, string> = {};
  for (const [from, to] of Object.entries(MAPPED)) {
    const value = valueAt(tree, from.split("."));
    if (typeof value === "string" && value !== "") values[to] = value;
  }
  return values;
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    tree,
  );
}
