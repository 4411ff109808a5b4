import { chmod, cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../../base/errors.ts";
import { withFileLock } from "../../base/file-lock.ts";
import { KeyedMutex } from "../../base/mutex.ts";
import type { Environment, RunContext } from "../engine.ts";
import { environmentKey, indexSettings, sourceMark } from "../environment/environment-key.ts";
import { type Requirements, requirementsOf } from "../environment/requirements.ts";
import { trustVariables } from "../host-environment.ts";
import { RunError } from "../run-error.ts";
import type { Source } from "../source/source.ts";
import { concludeRemoval, type Kept, markUse } from "../uses.ts";
import { buildError } from "./build-failures.ts";
import { buildEvents } from "./build-log.ts";
import { isConnectionFailure } from "./connection.ts";
import { BUILD_CONTEXT, dockerfileText, INSTALLED_MARK, installRunner, setupRunner } from "./dockerfile.ts";
import { ensureImage, type ImageFacts, inspectImage } from "./image.ts";
import { checkImageName } from "./image-name.ts";

const locks = new KeyedMutex();
const REQUIREMENTS = "requirements";

/** The image that a task runs in: its base as it is, or with its set-up script and requirements, built once per content. */
export async function environmentImage(docker: Docker, context: RunContext, source: Source): Promise<Environment> {
  const name = baseImageName(context);
  const base = await ensureImage(docker, name, context);
  const python = source.entry.interpreter.kind === "python" ? source.entry.interpreter.name : "python3";
  const setup = context.task.container.setup_shell_script ?? "";
  const requirements = await requirementsOf(context.task, source);
  const asItIs = context.settings.docker.environment === "image" || (setup.trim() === "" && requirements.text === "");
  if (asItIs) return { hit: true, key: base.id, python, image: name };
  const key = environmentKey({
    base: base.id,
    setupScript: setup,
    requirements,
    source: sourceMark(context.task, source),
    indexes: indexSettings(),
  });
  const tag = `windlass-env:${key}`;
  const kept: Kept = { kind: "image", name: key };
  const stays = await markUse(context.stateFolder, kept, context.runId);
  const found = !stays || context.settings.environments.refresh ? undefined : await fresh(docker, tag, context);
  if (found !== undefined) return { hit: true, key, python, image: tag };
  const lock = join(context.stateFolder, "locks");
  await mkdir(lock, { recursive: true, mode: 0o700 });
  const started = Date.now();
  return await locks.run(
    tag,
    () =>
      withFileLock(
        join(lock, `${key}.lock`),
        async () => {
          await concludeRemoval(context.stateFolder, kept);
          const meanwhile = await inspectImage(docker, tag);
          if (meanwhile !== undefined && (meanwhile.createdMs > started || !context.settings.environments.refresh)) {
            if (await fresh(docker, tag, context)) return { hit: true, key, python, image: tag };
          }
          const installed = await build(docker, { tag, key, base, name, python, setup, requirements }, context, source);
          return { hit: false, key, python, image: tag, installed };
        },
        {
          signal: context.signal,
          onWait: (pid) => context.console.note(`waiting for process ${pid}, which builds the same environment`),
        },
      ),
    context.signal,
  );
}

function baseImageName(context: RunContext): string {
  const name = (context.task.container.image ?? "").trim() || (context.settings.docker.defaultImage ?? "").trim();
  if (name === "")
    throw new RunError("failed/image-not-found", "the task names no image, and the agent has no default one", {
      hint: "Set container.image on the task, or start the agent with --docker IMAGE.",
    });
  checkImageName(name);
  return name;
}

async function fresh(docker: Docker, tag: string, context: RunContext): Promise<ImageFacts | undefined> {
  const image = await inspectImage(docker, tag);
  const { maxAgeMs } = context.settings.environments;
  return image !== undefined && (maxAgeMs === undefined || Date.now() - image.createdMs < maxAgeMs) ? image : undefined;
}

/** What is in it, for people: the base and the first requirements. */
function about({ name, setup, requirements }: BuildRequest): string {
  const lines = requirements.text === "" ? [] : requirements.text.split("\n");
  const parts = [name, ...(setup.trim() === "" ? [] : ["set-up script"]), ...lines.slice(0, 3)];
  return `${parts.join(" + ")}${lines.length > 3 ? ` + ${lines.length - 3} more` : ""}`.slice(0, 200);
}

interface BuildRequest {
  readonly tag: string;
  readonly key: string;
  readonly base: ImageFacts;
  readonly name: string;
  readonly python: string;
  readonly setup: string;
  readonly requirements: Requirements;
}

/** Builds and tags the image; what was installed. Throws RunError with the failing step's cause. */
async function build(docker: Docker, request: BuildRequest, context: RunContext, source: Source): Promise<string[]> {
  const folder = join(context.folder, "build");
  await writeContext(folder, request, context, source);
  await context.console.say(`building environment ${request.key} from ${request.name}`);
  try {
    const stream = await docker.buildImage({ context: folder, src: await readdir(folder) }, {
      t: request.tag,
      version: "2",
      labels: {
        "windlass.agent": context.agentId,
        "windlass.environment": request.key,
        "windlass.about": about(request),
        "windlass.made": new Date().toISOString(),
      },
      abortSignal: context.signal,
      nocache: context.settings.environments.refresh,
    } as Docker.ImageBuildOptions);
    return await readBuild(stream, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof RunError || isConnectionFailure(error)) throw error;
    throw new RunError("failed/environment-build", `the image cannot be built (${messageOf(error)})`, { retryable: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeContext(folder: string, request: BuildRequest, context: RunContext, source: Source): Promise<void> {
  await mkdir(folder, { mode: 0o755 });
  const { setup, requirements } = request;
  const hasSetup = setup.trim() !== "";
  const hasRequirements = requirements.text !== "";
  const text = dockerfileText({ image: request.name, user: request.base.user, setup: hasSetup, requirements: hasRequirements });
  const variables = await buildVariables(folder, context);
  const files: Record<string, string> = { Dockerfile: text };
  if (hasSetup) Object.assign(files, { "setup.sh": setup, "run-setup.sh": setupRunner(variables) });
  if (hasRequirements) Object.assign(files, requirementFiles(request, variables));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content.endsWith("\n") ? content : `${content}\n`);
  }
  if (requirements.needsSource)
    await cp(source.workspace, join(folder, REQUIREMENTS), { recursive: true, filter: (path) => basename(path) !== ".git" });
}

/** The requirements lie as in the repository, so that relative names in them hold. */
function requirementFiles(
  { requirements, python, key }: BuildRequest,
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  const file = join(REQUIREMENTS, requirements.folder, "windlass-requirements.txt");
  const others = Object.entries(requirements.files).map(([name, content]) => [join(REQUIREMENTS, name), content]);
  return {
    ...Object.fromEntries(others),
    [file]: requirements.text,
    "run-install.sh": installRunner({ python, file, variables, keepSource: requirements.needsSource ? key : undefined }),
  };
}

/** Trust, proxies and index settings: seen by the steps, kept by no layer. */
async function buildVariables(folder: string, context: RunContext): Promise<Record<string, string>> {
  const { caBundle, proxy } = context.settings.network;
  const { PIP_FIND_LINKS: _, ...indexes } = indexSettings();
  if (caBundle === undefined) return { ...proxy, ...indexes };
  await cp(caBundle, join(folder, "ca.pem"), { dereference: true });
  await chmod(join(folder, "ca.pem"), 0o644);
  return { ...trustVariables(`${BUILD_CONTEXT}/ca.pem`), ...proxy, ...indexes };
}

async function readBuild(stream: NodeJS.ReadableStream, context: RunContext): Promise<string[]> {
  const installed: string[] = [];
  let [tail, problem] = ["", undefined as string | undefined];
  const halt = (): void => (stream as unknown as { destroy(): void }).destroy();
  context.signal.addEventListener("abort", halt, { once: true });
  try {
    for await (const event of buildEvents(stream)) {
      problem ??= event.error;
      if (event.output === undefined) continue;
      const { shown, marked } = split(event.output);
      installed.push(...marked);
      tail = (tail + shown).slice(-16_384);
      if (shown !== "") await context.console.write(shown);
    }
  } finally {
    context.signal.removeEventListener("abort", halt);
  }
  context.signal.throwIfAborted();
  if (problem !== undefined) throw buildError(problem, tail);
  return installed;
}

function split(output: string): { shown: string; marked: string[] } {
  if (!output.includes(INSTALLED_MARK)) return { shown: output, marked: [] };
  const lines = output.split("\n");
  const marked = lines.filter((line) => line.startsWith(INSTALLED_MARK)).map((line) => line.slice(INSTALLED_MARK.length));
  return { shown: lines.filter((line) => !line.startsWith(INSTALLED_MARK)).join("\n"), marked };
}
