import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { taskSchema } from "../../api/wire/task.ts";
import { systemClock } from "../../base/clock.ts";
import { withFileLock } from "../../base/file-lock.ts";
import { newId } from "../../base/ids.ts";
import { silentLogger } from "../../base/logger.ts";
import { RunConsole } from "../../monitor/console/run-console.ts";
import type { Engine, RunContext } from "../../runner/engine.ts";
import { composeLaunch } from "../../runner/launch/compose-launch.ts";
import type { Source } from "../../runner/source/source.ts";
import type { Config } from "../config.ts";
import { TRIAL_PROGRAM } from "./trial-program.ts";

const CLOSE_MS = 15_000;

export interface TrialResult {
  readonly exitCode: number;
  /** What the program told: `name=value` lines. */
  readonly told: ReadonlyMap<string, string>;
  readonly console: string;
  /** Where the program had to look for the API server. */
  readonly apiServer: string;
}

/**
 * A real run of a program that prints and exits, made by the engine itself, with the mounts, the variables and the CA bundle
 * of any run. It has a state folder of its own inside the agent's, and an agent id of its own: a living agent does not meet it.
 */
export class TrialRun {
  readonly #config: Config;
  readonly #folder: string;
  #result: Promise<TrialResult> | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#folder = join(config.stateFolder, `doctor-${newId().slice(0, 8)}`);
  }

  /** The same run for everybody who asks. */
  result(signal: AbortSignal): Promise<TrialResult> {
    this.#result ??= this.#run(signal);
    return this.#result;
  }

  /** Its end, unless that hangs: what is left then is removed by the clean-up, as after a doctor that was killed. */
  async close(): Promise<void> {
    if (this.#result === undefined) return;
    const ended = new AbortController();
    const result = this.#result.catch(() => undefined).finally(() => ended.abort());
    await Promise.race([result, systemClock.sleep(CLOSE_MS, ended.signal).catch(() => undefined)]);
  }

  /** Whoever is killed here leaves the folder to the clean-up: a lock with a dead owner lies beside it, or none. */
  async #run(signal: AbortSignal): Promise<TrialResult> {
    return await withFileLock(`${this.#folder}.lock`, async () => {
      try {
        return await this.#tried(this.#context(signal));
      } finally {
        await rm(this.#folder, { recursive: true, force: true });
      }
    });
  }

  async #tried(context: RunContext): Promise<TrialResult> {
    const source = await makeSource(context);
    const engine = await this.#engine(context);
    try {
      return await carriedOut(engine, context, source);
    } finally {
      await engine.removeFolder(context, source.workspace).catch(() => undefined);
      await engine.close();
    }
  }

  async #engine({ agentId, stateFolder, settings }: RunContext): Promise<Engine> {
    if (this.#config.engine === "process")
      return (await import("../../runner/process/process-engine.ts")).createProcessEngine(silentLogger);
    const { createDockerEngine } = await import("../../runner/docker/docker-engine.ts");
    return await createDockerEngine({ settings, agentId, stateFolder, logger: silentLogger });
  }

  #context(signal: AbortSignal): RunContext {
    const runId = newId();
    const folder = join(this.#folder, "runs", runId);
    return {
      task: taskSchema.parse({ id: runId, name: "windlass doctor" }),
      runId,
      agentId: `doctor-${runId}`,
      worker: `${this.#config.name}:doctor`,
      folder,
      stateFolder: this.#folder,
      settings: this.#config.runSettings,
      gpus: this.#config.gpus,
      console: new RunConsole(folder),
      signal,
    };
  }
}

/** A workspace with the program, and an empty folder in the place of a mirror. */
async function makeSource(context: RunContext): Promise<Source> {
  const workspace = join(context.folder, "workspace");
  const mirror = join(context.stateFolder, "mirrors", "empty.git");
  for (const folder of [context.stateFolder, workspace, mirror]) await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(workspace, "doctor.sh"), TRIAL_PROGRAM);
  const entry = { kind: "file", interpreter: { kind: "shell", name: "sh" }, file: "doctor.sh", args: [] } as const;
  return { workspace, workingDir: "", commit: undefined, branch: undefined, mirror, entry };
}

async function carriedOut(engine: Engine, context: RunContext, source: Source): Promise<TrialResult> {
  const environment = await engine.prepare(context, source);
  const view = await engine.view(context, source, environment);
  const launch = await composeLaunch(context, source, environment, view, { token: "none", logLevel: "INFO" });
  const running = await engine.launch(context, source, { ...environment, python: "python3" }, launch);
  // Whatever it could not stop is removed below.
  const stop = (): void => void running.stop(0).catch(() => undefined);
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    const { exitCode } = await running.exited;
    const console = await readFile(context.console.path, "utf8");
    return { exitCode, told: toldIn(console), console, apiServer: view.apiServer };
  } finally {
    context.signal.removeEventListener("abort", stop);
    await running.remove();
  }
}

function toldIn(console: string): Map<string, string> {
  return new Map([...console.matchAll(/^doctor: (\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
}
