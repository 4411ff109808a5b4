import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { baseImage } from "../support/docker.ts";
import type { EmbeddedServer } from "../support/embedded-server.ts";
import { ProgramProcess } from "../support/product.ts";
import { venvWith } from "../support/python-venv.ts";
import { plainEnvironment } from "../support/windlass-command.ts";

/** Who runs a task: an agent of ours or the official one, each as processes or in containers. */
export const WORKERS = ["windlass, process", "windlass, docker", "clearml-agent, process", "clearml-agent, docker"] as const;
export type WorkerName = (typeof WORKERS)[number];

const OFFICIAL = "clearml-agent==3.0.3";

/** Starts the worker for this queue; what it keeps lies below the folder. */
export async function startWorker(name: WorkerName, queue: string, server: EmbeddedServer, folder: string): Promise<ProgramProcess> {
  const inContainers = name.endsWith("docker") ? ["--docker", await baseImage()] : [];
  const flags = ["daemon", "--queue", queue, ...inContainers];
  await madeFolder(folder);
  const start = name.startsWith("windlass") ? ours : official;
  return await start(flags, server, folder, { CLEARML_WORKER_NAME: name.replace(", ", "-") });
}

type Start = (
  flags: readonly string[],
  server: EmbeddedServer,
  folder: string,
  env: Readonly<Record<string, string>>,
) => Promise<ProgramProcess>;

const ours: Start = async (flags, server, folder, env) => {
  const own = plainly({ ...env, CLEARML_CONFIG_FILE: server.configPath });
  return await Promise.resolve(new ProgramProcess({}, [...flags, "--state", folder, "--slots", "2"], own));
};

const official: Start = async (flags, server, folder, env) => {
  const bin = join(await venvWith([OFFICIAL]), "bin");
  const config = join(folder, "clearml.conf");
  await writeFile(config, (await readFile(server.configPath, "utf8")) + officialSettings(folder));
  const own = {
    HOME: folder,
    // It leaves its temporary files behind.
    TMPDIR: await madeFolder(join(folder, "tmp")),
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    CLEARML_CONFIG_FILE: config,
    CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: "1",
    PYTHONUNBUFFERED: "1",
  };
  const command = [join(bin, "clearml-agent")];
  return new ProgramProcess({ command }, [...flags, "--foreground", "--cpu-only"], plainly({ ...env, ...own }));
};

async function madeFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return path;
}

const plainly = (env: Readonly<Record<string, string>>): Record<string, string> => plainEnvironment(env) as Record<string, string>;

/** Caches below its own folder; in containers nothing by apt, and the authority that this machine's own programs trust. */
function officialSettings(state: string): string {
  const at = (name: string): string => JSON.stringify(join(state, name));
  return `
agent {
  venvs_dir: ${at("venvs")}
  venvs_cache.path: ${at("venvs-cache")}
  vcs_cache.path: ${at("vcs-cache")}
  pip_download_cache.path: ${at("pip-downloads")}
  docker_pip_cache: ${at("docker-pip")}
  docker_apt_cache: ${at("docker-apt")}
  docker_install_opencv_libs: false
  extra_docker_arguments: ${JSON.stringify(trusted())}
}
`;
}

function trusted(): string[] {
  const bundle = process.env["SSL_CERT_FILE"] ?? process.env["REQUESTS_CA_BUNDLE"];
  if (bundle === undefined) return [];
  const inside = "/etc/ssl/certs/trusted.crt";
  const variables = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"].flatMap((name) => ["-e", `${name}=${inside}`]);
  return ["-v", `${bundle}:${inside}:ro`, ...variables];
}
