import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../../base/run-command.ts";
import type { RunContext } from "../engine.ts";
import { hostEnvironment } from "../host-environment.ts";
import { RunError } from "../run-error.ts";
import type { Source } from "../source/source.ts";

/** A task's set-up script runs on a host only when the agent's configuration allows it; else one line says so. */
export async function handleSetupScript(context: RunContext, source: Source): Promise<void> {
  const script = context.task.container.setup_shell_script ?? "";
  if (script.trim() === "") return;
  if (context.settings.process.setupScript === "skip") {
    await context.console.say("the task's set-up script was skipped: on this host it only runs with process.setup_script: run");
    return;
  }
  const file = join(context.folder, "setup.sh");
  await writeFile(file, script, { mode: 0o700 });
  const shell = /^#!.*\bbash\b/.test(script) ? "bash" : "sh";
  const { exitCode } = await runCommand(shell, [file], {
    cwd: source.workspace,
    env: hostEnvironment(context.settings),
    signal: context.signal,
    onOutput: (chunk) => context.console.feed(chunk),
  });
  if (exitCode !== 0)
    throw new RunError("failed/environment-setup-script", `the set-up script ended with exit code ${exitCode}`, {
      hint: "Its output stands above.",
    });
}
