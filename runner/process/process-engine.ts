import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../base/logger.ts";
import type { Engine, Environment, Launch, ProgramView, RunContext, RunHandle, Running } from "../engine.ts";
import { environmentKey, indexSettings, sourceMark } from "../environment/environment-key.ts";
import { findPython } from "../environment/interpreter.ts";
import { requirementsOf } from "../environment/requirements.ts";
import { ensureVenv } from "../environment/venv.ts";
import { runFilesFolder } from "../launch/compose-launch.ts";
import type { Source } from "../source/source.ts";
import { ProcessRun } from "./process-run.ts";
import { RunScopes } from "./run-scope.ts";
import { handleSetupScript } from "./setup-script.ts";
import { sayContainerIsUnused } from "./unused-container.ts";

/** Runs tasks as plain processes of this machine, for where there is no Docker. */
export function createProcessEngine(logger: Logger): Engine {
  return new ProcessEngine(new RunScopes(logger));
}

class ProcessEngine implements Engine {
  readonly kind = "process";
  readonly #scopes: RunScopes;

  constructor(scopes: RunScopes) {
    this.#scopes = scopes;
  }

  /** A venv where there are requirements; else the interpreter itself. */
  async prepare(context: RunContext, source: Source): Promise<Environment> {
    await sayContainerIsUnused(context);
    await handleSetupScript(context, source);
    const { interpreter } = source.entry;
    const requirements = await requirementsOf(context.task, source);
    const python = await findPython(interpreter.kind === "python" ? interpreter.name : "python", context).catch((error: unknown) => {
      if (interpreter.kind === "shell" && requirements.text === "") return undefined;
      throw error;
    });
    if (python === undefined || requirements.text === "")
      return { hit: true, key: python?.identity ?? "none", python: python?.path ?? "python3" };
    const inputs = {
      base: python.identity,
      setupScript: "",
      requirements,
      source: sourceMark(context.task, source),
      indexes: indexSettings(),
    };
    return await ensureVenv({ key: environmentKey(inputs), python, requirements, source }, context);
  }

  view(context: RunContext, source: Source): Promise<ProgramView> {
    const { server, network } = context.settings;
    return Promise.resolve({
      workspace: source.workspace,
      cwd: join(source.workspace, source.workingDir),
      runFiles: runFilesFolder(context.folder),
      ...server,
      caBundle: network.caBundle,
    });
  }

  async launch(context: RunContext, _source: Source, environment: Environment, launch: Launch): Promise<Running> {
    await mkdir(join(context.folder, "tmp"), { recursive: true, mode: 0o700 });
    return await ProcessRun.start(context, environment, launch, this.#scopes);
  }

  async adopt(context: RunContext, handle: RunHandle | undefined): Promise<Running | undefined> {
    return handle?.kind === "container" ? undefined : await ProcessRun.adopt(context, handle);
  }

  async removeFolder(_context: RunContext, folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 2 });
  }

  /** A process of a run that nobody knows is ended at the clean-up of that run; there is nothing else to find it by. */
  removeStrays(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
