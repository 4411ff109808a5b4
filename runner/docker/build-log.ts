import { createRequire } from "node:module";
import { jsonLines } from "./image.ts";

/** What a build says: output of its steps, the step that begins, an error. */
export interface BuildEvent {
  readonly output?: string;
  readonly error?: string;
}

interface Status {
  readonly vertexes: readonly { readonly digest: string; readonly name: string }[];
  readonly logs: readonly { readonly msg: Uint8Array }[];
}

interface StreamLine {
  readonly id?: string;
  readonly aux?: unknown;
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

const TRACE = "moby.buildkit.trace";

/**
 * Reads a build's answer to its end. BuildKit's trace is a base64 protobuf; it is decoded here with dockerode's own
 * definition of it, since dockerode's reader gives the output of steps in base64 (version 5.0.1).
 */
export async function* buildEvents(stream: NodeJS.ReadableStream): AsyncGenerator<BuildEvent> {
  const decode = await statusDecoder();
  const seen = new Set<string>();
  for await (const line of jsonLines<StreamLine>(stream)) {
    if (line.error !== undefined || line.errorDetail !== undefined)
      yield { error: line.errorDetail?.message ?? line.error ?? "the build failed" };
    else if (line.stream !== undefined) yield { output: line.stream };
    else if (line.id === TRACE && typeof line.aux === "string") yield* statusEvents(decode(Buffer.from(line.aux, "base64")), seen);
  }
}

async function statusDecoder(): Promise<(bytes: Uint8Array) => Status> {
  const { default: protobuf } = await import("protobufjs");
  const root = await protobuf.load(createRequire(import.meta.url).resolve("dockerode/lib/proto/buildkit_status.proto"));
  const type = root.lookupType("moby.buildkit.v1.StatusResponse");
  return (bytes) => type.toObject(type.decode(bytes), { defaults: true, arrays: true }) as unknown as Status;
}

function* statusEvents(status: Status, seen: Set<string>): Generator<BuildEvent> {
  for (const vertex of status.vertexes) {
    if (seen.has(vertex.digest) || !/\] RUN /.test(vertex.name)) continue;
    seen.add(vertex.digest);
    yield { output: `windlass: ${stepName(vertex.name)}\n` };
  }
  for (const log of status.logs) yield { output: Buffer.from(log.msg).toString("utf8") };
}

const stepName = (name: string): string => (name.includes("run-setup.sh") ? "running the set-up script" : "installing the requirements");
