import { createRequire } from "node:module";
import { jsonLines } from "./image.ts";

/** What a build says: output of its steps, the step that begins, an error. */
export interface BuildEvent {
  readonly output?: string;
  readonly error?: string;
}

interface Status {
  readonly vertexes?: readonly { readonly digest: string; readonly name: string; readonly started?: unknown; readonly error?: string }[];
  readonly logs?: readonly { readonly msg: string }[];
}

interface StreamLine {
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/**
 * Reads a build's answer to its end: BuildKit's trace is a base64 protobuf, which dockerode decodes (its own text of it
 * leaves the output of steps in base64, so the decoded message is used).
 */
export async function* buildEvents(stream: NodeJS.ReadableStream): AsyncGenerator<BuildEvent> {
  const { parseBuildKitLine } = createRequire(import.meta.url)("dockerode/lib/buildkit.js") as {
    parseBuildKitLine: (line: string) => { isBuildKit: boolean; raw: Status };
  };
  const seen = new Set<string>();
  for await (const line of jsonLines<StreamLine & { id?: string }>(stream)) {
    if (line.error !== undefined || line.errorDetail !== undefined)
      yield { error: line.errorDetail?.message ?? line.error ?? "the build failed" };
    else if (line.stream !== undefined) yield { output: line.stream };
    else {
      const parsed = parseBuildKitLine(JSON.stringify(line));
      if (parsed.isBuildKit) yield* statusEvents(parsed.raw, seen);
    }
  }
}

function* statusEvents(status: Status, seen: Set<string>): Generator<BuildEvent> {
  for (const vertex of status.vertexes ?? []) {
    if (seen.has(vertex.digest) || !/\] RUN /.test(vertex.name)) continue;
    seen.add(vertex.digest);
    yield { output: `windlass: ${stepName(vertex.name)}\n` };
  }
  for (const log of status.logs ?? []) yield { output: Buffer.from(log.msg, "base64").toString("utf8") };
}

const stepName = (name: string): string => (name.includes("run-setup.sh") ? "running the set-up script" : "installing the requirements");
