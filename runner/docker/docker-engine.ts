import { chmod, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Engine, Environment, Launch, ProgramView, RunContext, RunHandle, Running } from "../engine.ts";
import { runFilesFolder } from "../launch/compose-launch.ts";
import { consolePipe, makeConsolePipe } from "../launch/console-pipe.ts";
import { RunError } from "../run-error.ts";
import type { RunSettings } from "../settings.ts";
import type { Source } from "../source/source.ts";
import { begunContainer, inBody } from "./begun-container.ts";
import { type Connection, connect, forgiving, isConnectionFailure, statusOf } from "./connection.ts";
import { readArguments } from "./container-arguments.ts";
import { ContainerRun } from "./container-run.ts";
import { containerSpec, LOG_FROM_LABEL, RUN_LABEL } from "./container-spec.ts";
import { waitForExit } from "./container-wait.ts";
import type { ContainerOptions } from "./docker-flags.ts";
import { environmentImage } from "./environment-image.ts";
import { type HostPaths, hostPaths, mountOf, withSharedBundle } from "./host-paths.ts";
import { type ImageFacts, inspectImage } from "./image.ts";
import { copyLog } from "./log-copy.ts";
import { isMissingCommand } from "./missing-command.ts";
import { noEngine } from "./no-engine.ts";
import { ownContainer } from "./own-container.ts";
import { Relays } from "./relay.ts";

export interface DockerEngineOptions {
  readonly settings: RunSettings;
  readonly agentId: string;
  readonly stateFolder: string;
  readonly logger: Logger;
}

const STRAY_AFTER_SEC = 300;
/** Path of the CA bundle inside a container. */
const CA_INSIDE = "/etc/windlass/ca.pem";

/** Runs tasks in containers. Throws RunError `failed/engine` when no engine answers, or it cannot see the state folder. */
export async function createDockerEngine(options: DockerEngineOptions): Promise<Engine> {
  const connection = await connect(options.settings.docker.host);
  return new DockerEngine(options, connection, await sharedPaths(connection.docker, options));
}

/** Throws at once, not in each task, when containers could not see the state folder of an agent that lives in a container. */
async function sharedPaths(docker: Docker, { stateFolder, settings, logger }: DockerEngineOptions): Promise<HostPaths> {
  const own = await ownContainer(docker);
  const paths = hostPaths(own);
  paths(stateFolder);
  if (own !== undefined && mountOf(stateFolder, own)?.anonymous === true)
    logger.warn(
      { state: stateFolder },
      "the state folder is on a volume without a name: it is lost with this container (-v windlass:PATH names it)",
    );
  return await withSharedBundle(paths, settings.network.caBundle, stateFolder);
}

class DockerEngine implements Engine {
  readonly kind = "docker";
  readonly #options: DockerEngineOptions;
  readonly #connection: Connection;
  readonly #paths: HostPaths;
  readonly #relays: Relays;

  constructor(options: DockerEngineOptions, connection: Connection, paths: HostPaths) {
    this.#options = options;
    this.#connection = connection;
    this.#paths = paths;
    this.#relays = new Relays(connection.docker, options.stateFolder);
  }

  async prepare(context: RunContext, source: Source): Promise<Environment> {
    await this.#optionsOf(context);
    return await engineErrors(context, () => environmentImage(this.#connection.docker, context, source));
  }

  async view(context: RunContext, source: Source): Promise<ProgramView> {
    const options = await this.#optionsOf(context);
    const servers = await engineErrors(context, () => this.#servers(context, options));
    return {
      workspace: source.workspace,
      cwd: typeof options.own["WorkingDir"] === "string" ? options.own["WorkingDir"] : join(source.workspace, source.workingDir),
      runFiles: runFilesFolder(context.folder),
      ...servers,
      caBundle: context.settings.network.caBundle === undefined ? undefined : CA_INSIDE,
    };
  }

  /** The addresses as a container reaches them; relays are opened (again) where a server listens on loopback only. */
  async #servers(context: RunContext, options: ContainerOptions): Promise<Pick<ProgramView, "apiServer" | "filesServer" | "webServer">> {
    const network = typeof options.host["NetworkMode"] === "string" ? options.host["NetworkMode"] : "bridge";
    const { apiServer, filesServer, webServer } = context.settings.server;
    return {
      apiServer: await this.#relays.reach(apiServer, network),
      filesServer: filesServer === undefined ? undefined : await this.#relays.reach(filesServer, network),
      webServer,
    };
  }

  /** The command appends to the console's file by itself; only where the image has no shell the engine's log is copied. */
  async launch(context: RunContext, source: Source, environment: Environment, launch: Launch): Promise<Running> {
    return await engineErrors(context, () => this.#launch(context, source, environment, launch));
  }

  async #launch(context: RunContext, source: Source, environment: Environment, launch: Launch): Promise<Running> {
    const { docker } = this.#connection;
    const image = await inspectImage(docker, environment.image ?? "");
    if (image === undefined) throw new RunError("failed/image-not-found", `the image ${environment.image} is gone`, { retryable: true });
    const options = await this.#optionsOf(context);
    await openToOthers(context, source, options, image);
    await makeConsolePipe(consolePipe(context.folder));
    const entry = absoluteEntry(launch, source, options);
    const parts = {
      context,
      source,
      image: environment.image ?? "",
      entrypoint: options.entrypoint ?? image.entrypoint,
      launch: entry,
      options,
      connection: this.#connection,
      paths: this.#paths,
      caInside: CA_INSIDE,
      consoleBytes: 0,
    };
    try {
      return await this.#start(context, containerSpec(parts, "file"));
    } catch (error) {
      if (!isMissingCommand(error)) throw error;
      await context.console.say("this image has no shell: its console goes through the engine's log");
      const consoleBytes = await context.console.size();
      return await this.#start(context, containerSpec({ ...parts, consoleBytes }, "engine-log"), context.console.path);
    }
  }

  /** By its id, else by the run's label: an agent may die between the start of a container and writing its id down. */
  async adopt(context: RunContext, handle: RunHandle | undefined): Promise<Running | undefined> {
    if (handle?.kind === "process") return undefined;
    const id = handle?.containerId ?? (await this.#labelled(context.runId));
    if (id === undefined) return undefined;
    const container = this.#connection.docker.getContainer(id);
    const facts = await forgiving(container.inspect(), 404);
    if (facts?.State.Status === "created") {
      await container.remove({ force: true, v: true });
      return undefined;
    }
    if (facts !== undefined) await this.#servers(context, await this.#optionsOf(context));
    const found = { kind: "container", containerId: id, name: (facts?.Name ?? handle?.name ?? "").replace(/^\//, "") } as const;
    return new ContainerRun(this.#connection.docker, found, this.#copyOn(context, container, facts?.Config.Labels[LOG_FROM_LABEL]), true);
  }

  async #labelled(runId: string): Promise<string | undefined> {
    const filters = { label: [`${RUN_LABEL}=${runId}`] };
    return (await this.#connection.docker.listContainers({ all: true, filters }))[0]?.Id;
  }

  /** Its log is copied on from where the earlier agent stopped. */
  async #copyOn(context: RunContext, container: Docker.Container, from: string | undefined): Promise<void> {
    if (from === undefined) return;
    await this.#copyLog(container, context.console.path, (await context.console.size()) - Number(from));
  }

  /** What another user wrote there is removed by a container of an image that is at hand. */
  async removeFolder(context: RunContext, folder: string): Promise<void> {
    try {
      await rm(folder, { recursive: true, force: true });
    } catch (error) {
      await this.#removeAsRoot(context, folder, error);
    }
  }

  /** Five minutes of grace: a container that is being made now is in nobody's journal yet. */
  async removeStrays(agentId: string, alive: ReadonlySet<string>): Promise<number> {
    const { docker } = this.#connection;
    const containers = await docker.listContainers({ all: true, filters: { label: [`windlass.agent=${agentId}`] } });
    const isOld = ({ Created }: Docker.ContainerInfo): boolean => Date.now() / 1000 - Created > STRAY_AFTER_SEC;
    const strays = containers.filter((one) => isOld(one) && !alive.has(one.Labels[RUN_LABEL] ?? ""));
    for (const { Id } of strays) await forgiving(docker.getContainer(Id).remove({ force: true, v: true }), 404, 409);
    return strays.length;
  }

  async close(): Promise<void> {
    await this.#relays.close();
  }

  async #removeAsRoot(context: RunContext, folder: string, error: unknown): Promise<void> {
    const { docker } = this.#connection;
    const image = (context.task.container.image ?? "").trim() || (context.settings.docker.defaultImage ?? "").trim();
    if (image === "" || (await inspectImage(docker, image)) === undefined) throw error;
    const parent = dirname(folder);
    const container = await docker.createContainer(
      inBody({
        Image: image,
        Entrypoint: ["rm", "-rf", `/run-folder/${basename(folder)}`],
        Cmd: [],
        User: "0",
        Labels: { "windlass.agent": this.#options.agentId },
        HostConfig: { Binds: [`${this.#paths(parent)}:/run-folder`], NetworkMode: "none" },
      }),
    );
    await container.start();
    await waitForExit(container);
    await container.remove({ force: true });
    await rm(folder, { recursive: true, force: true });
  }

  async #start(context: RunContext, spec: Docker.ContainerCreateOptions, logTo?: string): Promise<Running> {
    const { docker } = this.#connection;
    const onDoubt = (error: unknown): void =>
      this.#options.logger.warn(
        { err: error, task: context.task.id },
        "the engine does not say whether a container was started; asking again",
      );
    const container = await begunContainer(docker, spec, context.runId, onDoubt);
    const logged = logTo === undefined ? Promise.resolve() : this.#copyLog(container, logTo, 0);
    return new ContainerRun(docker, { kind: "container", containerId: container.id, name: spec.name ?? "" }, logged);
  }

  async #copyLog(container: Docker.Container, path: string, skip: number): Promise<void> {
    await copyLog(this.#connection.docker, container, path, skip).catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, "a container's log is incomplete"),
    );
  }

  /** The operator's flags first, then the task's own, or the agent's default ones for a task without an image. */
  async #optionsOf(context: RunContext): Promise<ContainerOptions> {
    const { docker } = context.settings;
    const { container } = context.task;
    const options = await readArguments(docker.extraArguments, { forbidden: [] });
    const hasImage = (container.image ?? "").trim() !== "";
    const given = container.arguments ?? (hasImage ? undefined : docker.defaultArguments);
    const policy = { forbidden: docker.forbiddenArguments, envFilesIn: join(context.folder, "workspace") };
    return await readArguments(given, policy, options);
  }
}

/** A working directory of the task's own choice leaves the program's file where it is. */
function absoluteEntry(launch: Launch, source: Source, options: ContainerOptions): Launch {
  if (options.own["WorkingDir"] === undefined || source.entry.kind !== "file") return launch;
  const { file } = source.entry;
  const at = launch.argv.indexOf(file);
  return { ...launch, argv: launch.argv.map((word, index) => (index === at ? join(source.workspace, source.workingDir, file) : word)) };
}

/** A container's user may be another than the agent's: its files are inside a folder that only the agent may enter. */
async function openToOthers(context: RunContext, source: Source, options: ContainerOptions, image: ImageFacts): Promise<void> {
  await context.console.write("");
  await chmod(context.console.path, 0o666);
  const user = typeof options.own["User"] === "string" ? options.own["User"] : image.user;
  if (["", "0", "root", "0:0", "root:root"].includes(user)) return;
  await openFolder(source.workspace);
}

async function openFolder(folder: string): Promise<void> {
  await chmod(folder, 0o777);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openFolder(path);
    else if (entry.isFile()) await chmod(path, 0o666 | ((await stat(path)).mode & 0o111));
  }
}

/** What the engine refuses is the run's failure with a cause, not a fault of the agent. */
async function engineErrors<T>(context: RunContext, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    context.signal.throwIfAborted();
    const status = statusOf(error);
    if (isConnectionFailure(error)) throw noEngine(context.settings.docker.host, error);
    const text = messageOf(error).replace(/^\(HTTP code \d+\) /, "");
    if (isMissingCommand(error))
      throw new RunError("failed/launch", `the command is not in the image (${text})`, {
        hint: "Name an image that holds it (container.image), or an interpreter that the image has (script.binary).",
      });
    if (status === undefined) throw error;
    if (status < 500) throw new RunError("failed/container-arguments", `the engine refuses the container (${text})`);
    throw new RunError("failed/engine", `the engine could not start the container (${text})`, { retryable: true });
  }
}
