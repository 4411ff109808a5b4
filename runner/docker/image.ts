import { homedir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../../base/errors.ts";
import { readIfThere } from "../../base/files.ts";
import { KeyedMutex } from "../../base/mutex.ts";
import type { RunContext } from "../engine.ts";
import { RunError } from "../run-error.ts";
import { isConnectionFailure, statusOf } from "./connection.ts";
import { checkImageName, withTag } from "./image-name.ts";

/** What we need of an image. */
export interface ImageFacts {
  readonly id: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly createdMs: number;
}

const pulls = new KeyedMutex();

/** The image: local first, pulled with progress when it is missing (or always, if so configured). */
export async function ensureImage(docker: Docker, name: string, context: RunContext): Promise<ImageFacts> {
  const local = context.settings.docker.pull === "always" ? undefined : await inspectImage(docker, name);
  if (local !== undefined) return local;
  const pullOnce = async (): Promise<ImageFacts> => {
    const meanwhile = context.settings.docker.pull === "always" ? undefined : await inspectImage(docker, name);
    if (meanwhile !== undefined) return meanwhile;
    await pull(docker, name, context);
    const pulled = await inspectImage(docker, name);
    if (pulled === undefined) throw new RunError("failed/image-not-found", `the image ${name} is not there after it was pulled`);
    return pulled;
  };
  return await pulls.run(name, pullOnce, context.signal);
}

export async function inspectImage(docker: Docker, name: string): Promise<ImageFacts | undefined> {
  checkImageName(name);
  try {
    const image = await docker.getImage(name).inspect();
    const entrypoint = image.Config?.Entrypoint ?? [];
    return {
      id: image.Id,
      user: image.Config?.User ?? "",
      entrypoint: typeof entrypoint === "string" ? [entrypoint] : entrypoint,
      createdMs: Date.parse(image.Created),
    };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    if (statusOf(error) === 400) throw new RunError("failed/image-not-found", `"${name}" is not the name of an image`);
    throw error;
  }
}

async function pull(docker: Docker, name: string, context: RunContext): Promise<void> {
  await context.console.say(`pulling the image ${name}`);
  try {
    const authconfig = await registryAuth(name);
    const stream = await docker.pull(withTag(name), {
      abortSignal: context.signal,
      ...(authconfig === undefined ? {} : { authconfig }),
    });
    await readPull(stream, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw isConnectionFailure(error) ? error : pullError(name, error);
  }
}

interface PullLine {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

const TELL_EVERY_MS = 5_000;

/** Every line is read; one that carries an error is the error. Progress is told now and then, over all layers. */
async function readPull(stream: NodeJS.ReadableStream, context: RunContext): Promise<void> {
  const layers = new Map<string, { current: number; total: number }>();
  let toldMs = performance.now();
  for await (const line of jsonLines<PullLine>(stream)) {
    if (line.error !== undefined) throw new Error(line.error);
    const { current, total } = line.progressDetail ?? {};
    if (line.id !== undefined && current !== undefined && total !== undefined) layers.set(line.id, { current, total });
    if (performance.now() - toldMs < TELL_EVERY_MS || layers.size === 0) continue;
    toldMs = performance.now();
    const sum = (key: "current" | "total"): number => [...layers.values()].reduce((all, layer) => all + layer[key], 0);
    await context.console.say(`pulling: ${(sum("current") / 2 ** 20).toFixed(0)} of ${(sum("total") / 2 ** 20).toFixed(0)} MiB`);
  }
}

/** The objects of a stream with one JSON text per line. */
export async function* jsonLines<T>(stream: NodeJS.ReadableStream): AsyncGenerator<T> {
  let open = "";
  for await (const chunk of stream) {
    const lines = (open + chunk.toString()).split("\n");
    open = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as T;
  }
  if (open.trim() !== "") yield JSON.parse(open) as T;
}

export function pullError(name: string, error: unknown): unknown {
  const text = engineWords(error);
  if (statusOf(error) === 404 || /not found|manifest unknown|does not exist/i.test(text)) {
    return new RunError("failed/image-not-found", `there is no image ${name} (${text})`, {
      hint: "Check its name and tag; a private one needs docker login on this machine.",
    });
  }
  if (statusOf(error) === 401 || statusOf(error) === 403 || /unauthorized|denied|authentication required/i.test(text)) {
    return new RunError("failed/image-auth", `the registry does not give out ${name} (${text})`, {
      hint: "Run docker login as the agent's user.",
    });
  }
  if (/no space left/i.test(text)) return new RunError("failed/disk-full", `no space left while pulling ${name}`, { retryable: true });
  return new RunError("failed/image-pull", `the image ${name} cannot be pulled (${text})`, {
    retryable: true,
    hint: "Check that the engine reaches the registry.",
  });
}

/** What the engine or the registry said, without the frame that dockerode puts around it: `(HTTP code 500) server error - …`. */
export function engineWords(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [\w ]*- /, "")
    .trim();
}

/** Credentials of `docker login`, for the registry in the image's name. */
async function registryAuth(name: string): Promise<Docker.AuthConfig | undefined> {
  const [first = ""] = name.split("/");
  const registry = name.includes("/") && /[.:]|^localhost$/.test(first) ? first : "https://index.docker.io/v1/";
  const text = await readIfThere(join(process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json"));
  if (text === undefined) return undefined;
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, { auth?: string }> };
  const auth = auths[registry]?.auth ?? auths[`https://${registry}`]?.auth;
  if (auth === undefined) return undefined;
  const [username = "", ...password] = Buffer.from(auth, "base64").toString().split(":");
  return { username, password: password.join(":"), serveraddress: registry } as Docker.AuthConfig;
}
