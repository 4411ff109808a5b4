import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Task, taskSchema } from "../../api/wire/task.ts";
import { RunConsole } from "../../monitor/console/run-console.ts";
import type { RunContext } from "../../runner/engine.ts";
import type { RunSettings } from "../../runner/settings.ts";
import { temporaryFolder } from "./folder.ts";

const SETTINGS: RunSettings = {
  server: { apiServer: "http://127.0.0.1:8008", filesServer: undefined, webServer: undefined },
  network: { caBundle: undefined, proxy: {} },
  run: { graceMs: 1_000, timeLimitMs: undefined, parameters: "auto", taskAccess: "any-task", environment: {} },
  source: { timeoutMs: 30_000, gitUser: undefined, gitPassword: undefined, gitHost: undefined },
  docker: {
    host: undefined,
    defaultImage: undefined,
    defaultArguments: "",
    extraArguments: "",
    forbiddenArguments: [],
    pull: "missing",
    environment: "built",
  },
  process: { setupScript: "skip", python: undefined, memoryLimitBytes: undefined },
  environments: { maxAgeMs: undefined, refresh: false },
  secrets: [],
};

/** A task document as the server gives it, with these fields. */
export function taskWith(fields: object): Task {
  return taskSchema.parse({ id: "0".repeat(32), ...fields });
}

/** What a run is given, in a state folder of its own unless one is named. */
export async function runContext(task: Task = taskWith({}), stateFolder?: string): Promise<RunContext> {
  const state = stateFolder ?? (await temporaryFolder());
  const folder = await temporaryFolder();
  await mkdir(state, { recursive: true });
  return {
    task,
    runId: "run-1",
    agentId: "agent-1",
    worker: "host:0",
    folder,
    stateFolder: state,
    settings: SETTINGS,
    gpus: "all",
    console: new RunConsole(folder),
    signal: new AbortController().signal,
  };
}

export async function consoleOf(context: RunContext): Promise<string> {
  return await readFile(join(context.folder, "console.log"), "utf8").catch(() => "");
}
