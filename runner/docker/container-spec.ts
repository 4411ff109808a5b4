import type Docker from "dockerode";
import type { Launch, RunContext } from "../engine.ts";
import { runFilesFolder } from "../launch/compose-launch.ts";
import { consolePipe, RUN_PROGRAM, START_READER } from "../launch/console-pipe.ts";
import { RunError } from "../run-error.ts";
import type { GpuSelection } from "../settings.ts";
import type { Source } from "../source/source.ts";
import type { Connection } from "./connection.ts";
import type { ContainerOptions } from "./docker-flags.ts";
import type { HostPaths } from "./host-paths.ts";

export interface ContainerParts {
  readonly context: RunContext;
  readonly source: Source;
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly launch: Launch;
  readonly options: ContainerOptions;
  readonly connection: Connection;
  readonly paths: HostPaths;
  readonly caInside: string;
  /** Length of the console's file before the program starts. */
  readonly consoleBytes: number;
}

/**
 * The command behind a pipe and a `cat` (`console-pipe.ts`); what the program left behind may keep the container alive for
 * a second, as long as it takes to bring the console home. $0 = the console's file, $1 = its pipe, the rest is the program.
 */
const PIPED = `
console=$0; pipe=$1; shift
if ! command -v cat >/dev/null 2>&1; then exec "$@" >>"$console" 2>&1; fi
trap : TERM INT HUP
${START_READER}
${RUN_PROGRAM}
(sleep 1; kill -KILL $reader) >/dev/null 2>&1 &
wait $reader
exit $code
`;
/** Without an init the program itself has to be PID 1, or no signal reaches it. */
const DIRECT = 'shift; exec "$@" >>"$0" 2>&1';
/** Makes docker's init pass signals on to the whole group: the shell line alone would keep them to itself. */
const SIGNAL_GROUP = "TINI_KILL_PROCESS_GROUP=1";

/** Never rotated, as the console's file: what an agent has copied is known by its number of bytes. */
const WHOLE_LOG = { Type: "local", Config: { "max-size": "1t" } };

/** Labels of a run's container. */
export const RUN_LABEL = "windlass.run";
/** Where in the console's file the engine's log of this container begins; only without a shell in the image. */
export const LOG_FROM_LABEL = "windlass.log-from";

/** What the engine is asked to create: our mounts and labels, the task's own flags, the command behind the image's entry point. */
export function containerSpec(parts: ContainerParts, console: "file" | "engine-log"): Docker.ContainerCreateOptions {
  const { context, image, launch, options, connection } = parts;
  const hasInit = (options.host["Init"] as boolean | undefined) ?? connection.hasInit;
  const wrapper = console === "file" ? ["sh", "-c", hasInit ? PIPED : DIRECT, context.console.path, consolePipe(context.folder)] : [];
  const command = [...parts.entrypoint, ...launch.argv];
  return {
    ...options.own,
    name: options.name ?? `windlass-${context.runId}`,
    Image: image,
    Entrypoint: console === "file" ? wrapper : command.slice(0, 1),
    Cmd: console === "file" ? command : command.slice(1),
    Env: [
      ...(hasInit ? [SIGNAL_GROUP] : []),
      ...Object.entries(launch.env).map(([name, value]) => `${name}=${value}`),
      ...options.env.map(fromAgent),
    ],
    WorkingDir: launch.cwd,
    Labels: {
      ...options.labels,
      "windlass.agent": context.agentId,
      [RUN_LABEL]: context.runId,
      ...(console === "file" ? {} : { [LOG_FROM_LABEL]: String(parts.consoleBytes) }),
      "windlass.task": context.task.id,
      "windlass.made": new Date().toISOString(),
    },
    ExposedPorts: options.exposedPorts,
    HostConfig: {
      Init: hasInit,
      ...options.host,
      ...gpuRequests(parts),
      Binds: [...ownBinds(parts), ...options.binds],
      Mounts: options.mounts as never,
      LogConfig: console === "file" ? { Type: "none", Config: {} } : WHOLE_LOG,
    },
  } as Docker.ContainerCreateOptions;
}

/** Workspace, mirror, files and console at the same paths as on the agent's side; the mirror and the files read-only. */
function ownBinds({ context, source, paths, caInside }: ContainerParts): string[] {
  const files = runFilesFolder(context.folder);
  const { caBundle } = context.settings.network;
  const bind = (path: string, inside = path, mode = "rw"): string => `${paths(path)}:${inside}:${mode}`;
  return [
    bind(source.workspace),
    bind(context.console.path),
    bind(files, files, "ro"),
    ...(source.mirror === undefined ? [] : [bind(source.mirror, source.mirror, "ro")]),
    ...(caBundle === undefined ? [] : [bind(caBundle, caInside, "ro")]),
  ];
}

/** `-e NAME` without a value takes docker's meaning, the agent's own variable, which a task may not read: it stays empty. */
const fromAgent = (variable: string): string => (variable.includes("=") ? variable : `${variable}=`);

/** The task's `--gpus`, else the slot's GPUs; "all" only where the engine has any. */
function gpuRequests({ context, options, connection }: ContainerParts): object {
  const asked = options.gpus;
  if (asked === "none") return {};
  if (asked !== undefined) return { DeviceRequests: [requestOf(asked, context.gpus)] };
  if (context.gpus === "none") return {};
  if (context.gpus === "all") return connection.hasNvidia ? { DeviceRequests: [deviceRequest(-1)] } : {};
  return { DeviceRequests: [deviceRequest(context.gpus.map((gpu) => gpu.replace(".", ":")))] };
}

/** `all`, a number, `device=0,1`, `"device=0,1",capabilities=utility`. */
function requestOf(text: string, slot: GpuSelection): object {
  if (slot === "none")
    throw new RunError("failed/container-arguments", "the task asks for --gpus, but this agent gives none", {
      hint: "Use a queue whose agent has GPUs.",
    });
  const devices = /device=([\w.:,-]+)/
    .exec(text.replaceAll('"', ""))?.[1]
    ?.split(",")
    .filter((device) => !device.includes("="));
  if (devices !== undefined) return deviceRequest(devices);
  if (text === "all") return typeof slot === "string" ? deviceRequest(-1) : deviceRequest(slot);
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new RunError("failed/container-arguments", `--gpus ${text} cannot be read`);
  return deviceRequest(count);
}

function deviceRequest(wanted: number | readonly string[]): object {
  const which = typeof wanted === "number" ? { Count: wanted } : { DeviceIDs: wanted };
  return { Driver: "", ...which, Capabilities: [["gpu"]], Options: {} };
}
