import type Docker from "dockerode";
import { codeOf } from "../../base/errors.ts";
import { withLimits } from "./call-limits.ts";
import { noEngine } from "./no-engine.ts";

/** What we know of the engine; asked once. */
export interface Connection {
  readonly docker: Docker;
  readonly hasInit: boolean;
  readonly hasNvidia: boolean;
  /** The engine follows cgroup limits of swap, else only of memory. */
  readonly name: string;
}

/** Connects to the configured address, DOCKER_HOST, or the default socket. Throws RunError `failed/engine` when none answers. */
export async function connect(host: string | undefined): Promise<Connection> {
  const docker = await dockerAt(host);
  try {
    const info = (await docker.info()) as { InitBinary?: string; Runtimes?: Record<string, unknown>; Name?: string };
    return { docker, hasInit: (info.InitBinary ?? "") !== "", hasNvidia: info.Runtimes?.["nvidia"] !== undefined, name: info.Name ?? "" };
  } catch (error) {
    throw noEngine(host, error);
  }
}

export async function dockerAt(host: string | undefined): Promise<Docker> {
  const { default: Dockerode } = await import("dockerode");
  return withLimits(new Dockerode(addressOf(host)));
}

function addressOf(host: string | undefined): Docker.DockerOptions {
  if (host === undefined || host === "") return {};
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  if (host.startsWith("/")) return { socketPath: host };
  const url = new URL(host.replace(/^tcp:/, "http:"));
  return { protocol: url.protocol === "https:" ? "https" : "http", host: url.hostname, port: Number(url.port === "" ? 2375 : url.port) };
}

/** The HTTP status of an engine's error: 304 already so, 404 gone, 409 busy. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** Whether the engine may or may not have done what it was asked for: it did not answer, or failed at it. */
export function isUncertain(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined ? isConnectionFailure(error) : status >= 500;
}

/** The network's or the socket's own failures, as Node names them. */
const CONNECTION_CODES = /^(ERR_STREAM_PREMATURE_CLOSE|ECONN\w+|EPIPE|ETIMEDOUT|E(?:HOST|NET)UNREACH|ENOTFOUND|EAI_AGAIN)$/;

/** No engine there, or it went away in the middle. A missing socket has the code of a missing file, and `connect` beside it. */
export function isConnectionFailure(error: unknown): boolean {
  const { syscall } = error as { syscall?: unknown };
  return statusOf(error) === undefined && (CONNECTION_CODES.test(codeOf(error) ?? "") || syscall === "connect");
}

/** Waits for a call and takes these statuses for success. */
export async function forgiving<T>(call: Promise<T>, ...statuses: number[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (statuses.includes(statusOf(error) ?? 0)) return undefined;
    throw error;
  }
}
