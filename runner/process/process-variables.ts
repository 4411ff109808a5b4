import { join } from "node:path";
import type { Environment, Launch, RunContext } from "../engine.ts";
import { RUN_MARK } from "./descendants.ts";

/** A little of the agent's environment that every program expects, then what the run says. */
const FROM_AGENT = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ"];

/** All that a process run sees; nothing else of the agent's environment. */
export function processVariables(context: RunContext, environment: Environment, launch: Launch): Record<string, string> {
  const base = Object.fromEntries(FROM_AGENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const path = base["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  const { venv } = environment;
  return {
    ...base,
    ...(venv === undefined ? {} : { VIRTUAL_ENV: venv }),
    PATH: venv === undefined ? path : `${join(venv, "bin")}:${path}`,
    LANG: base["LANG"] ?? "C.UTF-8",
    TMPDIR: join(context.folder, "tmp"),
    ...launch.env,
    [RUN_MARK]: context.runId,
  };
}
