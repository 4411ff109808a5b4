import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { WindlassError } from "../base/errors.ts";
import { readIfThere } from "../base/files.ts";
import { parseDurationMs } from "../base/units.ts";
import type { GpuSelection } from "../runner/settings.ts";
import type { Config, ConfigFlags, LoadedConfig } from "./config.ts";
import type { ConfigFile } from "./config-schema.ts";
import { diskSettings } from "./disk/disk-settings.ts";
import { findClearmlConf } from "./find-clearml-conf.ts";
import { serverAddress } from "./server-address.ts";
import { SettingOrigins } from "./setting-origins.ts";
import { GPU, GPU_FORM } from "./setting-rules.ts";

/**
 * Reads the agent's configuration: flags over environment over files over defaults. Files: agent.config.yaml (`--config`,
 * WINDLASS_CONFIG, or the user's or the machine's), and for server and credentials a clearml.conf.
 */
export async function loadConfig(flags: ConfigFlags, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const said = new SettingOrigins();
  const file = await readConfigFile(flags.config, env, said);
  const conf = await findClearmlConf(env, file.server);
  const pick = (key: string, given: string | null | undefined, ...names: string[]): string | undefined =>
    chosen({ key, given, names, env, conf, said });
  const config = Object.freeze(makeConfig(file, flags, env, pick, said, await diskSettings(file)));
  return { config, origins: said.origins, settings: said.values };
}

type Pick = (key: string, given: string | null | undefined, ...names: string[]) => string | undefined;

interface Choice {
  readonly key: string;
  readonly given: string | null | undefined;
  readonly names: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly conf: { readonly path: string; readonly values: Readonly<Record<string, string>> } | undefined;
  readonly said: SettingOrigins;
}

/** Environment, else agent.config.yaml, else clearml.conf. */
function chosen({ key, given, names, env, conf, said }: Choice): string | undefined {
  const name = names.find((candidate) => (env[candidate] ?? "").trim() !== "");
  if (name !== undefined) {
    said.note(key, env[name]?.trim(), `environment ${name}`);
    return env[name]?.trim();
  }
  if (given !== null && given !== undefined) return given;
  const value = conf?.values[key];
  if (value !== undefined) said.note(key, value, conf?.path ?? "");
  return value;
}

async function readConfigFile(flag: string | undefined, env: NodeJS.ProcessEnv, said: SettingOrigins): Promise<ConfigFile> {
  const { configFileSchema } = await import("./config-schema.ts");
  const asked = flag ?? (env["WINDLASS_CONFIG"] || undefined);
  const places = asked === undefined ? [join(homedir(), ".config/windlass/agent.config.yaml"), "/etc/windlass/agent.config.yaml"] : [asked];
  for (const path of places) {
    const text = await readIfThere(resolve(path));
    if (text === undefined) continue;
    return await parsedConfig(text, resolve(path), said);
  }
  if (asked !== undefined)
    throw new WindlassError(`there is no configuration file ${asked}`, { code: "bad-config", hint: "Check --config or WINDLASS_CONFIG." });
  return configFileSchema.parse({});
}

async function parsedConfig(text: string, path: string, said: SettingOrigins): Promise<ConfigFile> {
  const [{ parse }, { configFileSchema }, { prettifyError }] = await Promise.all([
    import("yaml"),
    import("./config-schema.ts"),
    import("zod"),
  ]);
  let tree: unknown;
  try {
    tree = parse(text) ?? {};
  } catch (error) {
    throw new WindlassError(`${path} is not YAML: ${error instanceof Error ? error.message : String(error)}`, { code: "bad-config" });
  }
  const result = configFileSchema.safeParse(tree);
  if (!result.success)
    throw new WindlassError(`${path}:\n${prettifyError(result.error)}`, {
      code: "bad-config",
      hint: "agent.config.yaml in the package explains every key.",
    });
  said.noteTree(tree, path);
  return result.data;
}

const DEFAULT_API = "http://127.0.0.1:8008";

function makeConfig(
  file: ConfigFile,
  flags: ConfigFlags,
  env: NodeJS.ProcessEnv,
  pick: Pick,
  said: SettingOrigins,
  disk: Config["disk"],
): Config {
  const flagged = <T>(key: string, value: T | undefined, otherwise: T): T => {
    if (value === undefined) return otherwise;
    said.note(key, value, "command line");
    return value;
  };
  const address = (key: string, given: string | null | undefined, ...names: string[]): string | undefined => {
    const text = pick(key, given, ...names);
    return text === undefined ? undefined : serverAddress(key, text, said.origins[key]);
  };
  const engineIsDocker = flags.docker !== undefined || file.docker.enabled;
  if (flags.docker !== undefined) said.note("docker.enabled", true, "command line");
  const image = pick("docker.image", file.docker.image, "CLEARML_DOCKER_IMAGE", "TRAINS_DOCKER_IMAGE");
  const server = {
    api: address("server.api", file.server.api, "CLEARML_API_HOST", "TRAINS_API_HOST") ?? DEFAULT_API,
    files: address("server.files", file.server.files, "CLEARML_FILES_HOST", "TRAINS_FILES_HOST"),
    web: address("server.web", file.server.web, "CLEARML_WEB_HOST", "TRAINS_WEB_HOST"),
    accessKey: pick("server.access_key", file.server.access_key, "CLEARML_API_ACCESS_KEY", "TRAINS_API_ACCESS_KEY"),
    secretKey: pick("server.secret_key", file.server.secret_key, "CLEARML_API_SECRET_KEY", "TRAINS_API_SECRET_KEY"),
    token: env["CLEARML_AUTH_TOKEN"] === "" ? undefined : env["CLEARML_AUTH_TOKEN"],
  };
  const stateFolder = resolve(flagged("agent.state", flags.state, file.agent.state ?? defaultState(env)));
  const gitPassword = flagged(
    "git.password",
    flags.gitPassword,
    pick("git.password", file.git.password, "CLEARML_AGENT_GIT_PASS", "TRAINS_AGENT_GIT_PASS"),
  );
  const metricsPort = flagged("agent.metrics_port", flags.metricsPort, file.agent.metrics_port ?? undefined);
  const pollSec = flagged("agent.poll_interval", flags.pollIntervalSec, pollSeconds(env, said));
  return {
    server,
    name: pick("agent.name", file.agent.name, "CLEARML_WORKER_NAME", "TRAINS_WORKER_NAME") ?? hostname(),
    workerId: pick("agent.worker_id", undefined, "CLEARML_WORKER_ID", "TRAINS_WORKER_ID"),
    queues: flagged("agent.queues", flags.queues, file.agent.queues),
    createQueue: flagged("agent.create_queue", flags.createQueue, file.agent.create_queue),
    orderFairness: flagged("agent.order_fairness", flags.orderFairness, file.agent.order_fairness),
    slots: flagged("agent.slots", flags.slots, file.agent.slots),
    gpus: flagged("agent.gpus", flags.cpuOnly === true ? "none" : gpuSelection(flags.gpus), file.agent.gpus),
    stateFolder,
    pollIntervalMs: pollSec === undefined ? file.agent.poll_interval : pollSec * 1000,
    heartbeatMs: file.agent.heartbeat,
    drainDeadlineMs: file.agent.drain_deadline,
    drainAction: file.agent.drain_action,
    requeue: { limit: file.run.requeue_limit, onLost: file.run.on_lost },
    keepRunsMs: file.agent.keep_runs,
    disk,
    metrics: metricsPort === undefined ? undefined : { host: file.agent.metrics_host, port: metricsPort },
    log: {
      level: flagged("log.level", logLevel(flags.logLevel), file.log.level),
      format: file.log.format === "auto" ? (process.stderr.isTTY === true ? "text" : "json") : file.log.format,
    },
    engine: engineIsDocker ? "docker" : "process",
    runSettings: {
      server: { apiServer: server.api, filesServer: server.files, webServer: server.web },
      network: {
        caBundle: pick("network.ca_bundle", file.network.ca_bundle, "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
        proxy: proxyVariables(env),
      },
      run: {
        graceMs: file.run.grace,
        timeLimitMs: file.run.time_limit ?? undefined,
        parameters: file.run.parameters,
        taskAccess: file.run.task_access,
        environment: file.run.environment,
      },
      source: {
        timeoutMs: file.git.timeout,
        gitUser: flagged("git.user", flags.gitUser, pick("git.user", file.git.user, "CLEARML_AGENT_GIT_USER", "TRAINS_AGENT_GIT_USER")),
        gitPassword,
        gitHost: pick("git.host", file.git.host, "CLEARML_AGENT_GIT_HOST", "TRAINS_AGENT_GIT_HOST"),
      },
      docker: {
        host: pick("docker.host", file.docker.host, "DOCKER_HOST"),
        defaultImage: flagged("docker.image", flags.docker === "" ? undefined : flags.docker, image),
        defaultArguments: flagged("docker.arguments", flags.dockerArguments, file.docker.arguments),
        extraArguments: file.docker.extra_arguments,
        forbiddenArguments: file.docker.forbidden_arguments,
        pull: file.docker.pull,
        environment: file.docker.environment,
      },
      process: {
        setupScript: file.process.setup_script,
        python: pick("process.python", file.process.python),
        memoryLimitBytes: file.process.memory_limit ?? undefined,
      },
      environments: { maxAgeMs: file.environments.max_age ?? undefined, refresh: flags.refresh ?? false },
      secrets: [...file.secrets, server.secretKey, server.accessKey, gitPassword].flatMap((secret) => secret ?? []),
    },
    queueSettings: file.queues,
    janitor: { enabled: file.janitor.enabled, everyMs: file.janitor.every },
  };
}

function defaultState(env: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/var/lib/windlass";
  return join(env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state"), "windlass");
}

/** `0,1`, `0.1` (MIG), `all`, `none`. */
function gpuSelection(text: string | undefined): GpuSelection | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (trimmed === "all" || trimmed === "none") return trimmed;
  if (trimmed === "") return "none";
  const parts = trimmed.split(",").map((part) => part.trim());
  const wrong = parts.find((part) => !GPU.test(part));
  if (wrong !== undefined)
    throw new WindlassError(`--gpus: "${wrong}" is not a GPU`, {
      code: "usage",
      hint: GPU_FORM,
    });
  return parts;
}

const LEVELS: Readonly<Record<string, Config["log"]["level"]>> = {
  DEBUG: "debug",
  INFO: "info",
  WARN: "warn",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "error",
};

function logLevel(text: string | undefined): Config["log"]["level"] | undefined {
  if (text === undefined) return undefined;
  const level = LEVELS[text.toUpperCase()];
  if (level === undefined)
    throw new WindlassError(`--log-level: there is no level "${text}"`, {
      code: "usage",
      hint: `Choose one of ${Object.keys(LEVELS).join(", ")}.`,
    });
  return level;
}

/** The variable of clearml-agent; a number of seconds, as in the file. */
function pollSeconds(env: NodeJS.ProcessEnv, said: SettingOrigins): number | undefined {
  const name = "CLEARML_AGENT_QUEUE_POLL_FREQ_SEC";
  const text = env[name]?.trim();
  if (text === undefined || text === "") return undefined;
  said.note("agent.poll_interval", text, `environment ${name}`);
  return parseDurationMs(text) / 1000;
}

/** In both cases of letters, as different tools read them. */
function proxyVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of ["http_proxy", "https_proxy", "no_proxy", "all_proxy"]) {
    const value = env[name] ?? env[name.toUpperCase()];
    if (value !== undefined && value !== "") Object.assign(found, { [name]: value, [name.toUpperCase()]: value });
  }
  return found;
}
