import { join } from "node:path";
import type { ProgramView, RunContext } from "../engine.ts";
import { trustVariables } from "../host-environment.ts";
import type { GpuSelection } from "../settings.ts";
import type { Source } from "../source/source.ts";
import { parameterVariables } from "./parameters.ts";

/** Files that the program is given, below `ProgramView.runFiles`. */
export const PARAMETERS_FILE = "parameters.json";
export const CONFIG_FILE = "clearml.conf";

export interface RunVariables {
  readonly token: string;
  readonly logLevel: string;
}

/**
 * What a program sees (clearml-agent.md 2.5 and 12, task-class.md B1): made from an allow-list, never inherited, with a
 * token in the place of the agent's key. CLEARML_PROC_MASTER_ID must not be among them.
 */
export function programVariables(context: RunContext, source: Source, view: ProgramView, run: RunVariables): Record<string, string> {
  const { task, worker, settings } = context;
  const twins = {
    TASK_ID: task.id,
    WORKER_ID: worker,
    WORKER_NAME: worker,
    LOG_LEVEL: run.logLevel,
    LOG_TASK_TO_BACKEND: "0",
    CONFIG_FILE: join(view.runFiles, CONFIG_FILE),
    API_HOST: view.apiServer,
    ...(view.filesServer === undefined ? {} : { FILES_HOST: view.filesServer }),
    ...(view.webServer === undefined ? {} : { WEB_HOST: view.webServer }),
  };
  return {
    ...Object.fromEntries(
      Object.entries(twins).flatMap(([name, value]) => [
        [`CLEARML_${name}`, value],
        [`TRAINS_${name}`, value],
      ]),
    ),
    CLEARML_AUTH_TOKEN: run.token,
    ...(task.container.image === undefined && settings.docker.defaultImage === undefined ? {} : dockerImage(context)),
    WINDLASS_PARAMETERS: join(view.runFiles, PARAMETERS_FILE),
    PYTHONPATH: [...new Set([view.cwd, view.workspace])].join(":"),
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    ...gpuVariables(context.gpus),
    ...trustVariables(view.caBundle),
    ...settings.network.proxy,
    ...safeDirectory(source),
    ...settings.run.environment,
    ...parameterVariables(task.hyperparams),
  };
}

function dockerImage(context: RunContext): Record<string, string> {
  const image = context.task.container.image ?? context.settings.docker.defaultImage ?? "";
  return image === "" ? {} : { CLEARML_DOCKER_IMAGE: image };
}

/** `none` hides every GPU; a list names them by index or MIG id. */
export function gpuVariables(gpus: GpuSelection): Record<string, string> {
  if (gpus === "all") return { CUDA_DEVICE_ORDER: "PCI_BUS_ID" };
  const devices = gpus === "none" ? "none" : gpus.map((gpu) => gpu.replace(".", ":")).join(",");
  return { CUDA_DEVICE_ORDER: "PCI_BUS_ID", NVIDIA_VISIBLE_DEVICES: devices, CUDA_VISIBLE_DEVICES: devices };
}

/** In a container git runs as another user than the workspace's owner, and would refuse to look at it. */
function safeDirectory(source: Source): Record<string, string> {
  if (source.commit === undefined) return {};
  return { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };
}
