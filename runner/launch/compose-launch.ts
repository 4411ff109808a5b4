import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment, Launch, ProgramView, RunContext } from "../engine.ts";
import type { Source } from "../source/source.ts";
import { refuseTooMuch } from "../words-of-task.ts";
import { commandOf } from "./command.ts";
import { parameterArguments, parameterRoute, parameterValues } from "./parameters.ts";
import { CONFIG_FILE, PARAMETERS_FILE, programVariables, type RunVariables } from "./variables.ts";

/** The folder of files for the program, on the agent's side. */
export const runFilesFolder = (runFolder: string): string => join(runFolder, "files");

/** What to start, from everything that is known; writes the files for the program and says how its parameters travel. */
export async function composeLaunch(
  context: RunContext,
  source: Source,
  environment: Environment,
  view: ProgramView,
  run: RunVariables,
): Promise<Launch> {
  const { hyperparams } = context.task;
  const route = await parameterRoute(context.task, source, context.settings.run.parameters);
  const given = route.mode === "arguments" ? parameterArguments(hyperparams) : [];
  const argv = commandOf(source, environment, given);
  const env = programVariables(context, source, view, run);
  refuseTooMuch(argv, env);
  await writeProgramFiles(context, view);
  if (Object.keys(hyperparams).length > 0) await context.console.say(routeLine(route.mode, route.why, given));
  await context.console.say(`starting ${argv.map(shown).join(" ")} in ${source.workingDir === "" ? "the workspace" : source.workingDir}`);
  return { argv, cwd: view.cwd, env };
}

function routeLine(mode: "sdk" | "arguments", why: string, given: readonly string[]): string {
  if (mode === "sdk") return `parameters: read by the program through the SDK (${why})`;
  return `parameters: as arguments (${why}): ${given.length === 0 ? "none in section Args" : given.map(shown).join(" ")}`;
}

async function writeProgramFiles(context: RunContext, view: ProgramView): Promise<void> {
  const folder = runFilesFolder(context.folder);
  await mkdir(folder, { mode: 0o755, recursive: true });
  const files = { [PARAMETERS_FILE]: JSON.stringify(parameterValues(context.task.hyperparams), null, 2), [CONFIG_FILE]: configText(view) };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o644 })));
}

/** Addresses only: with this file the SDK does not look for the agent's own configuration and its keys. */
function configText(view: ProgramView): string {
  const servers = { api_server: view.apiServer, files_server: view.filesServer, web_server: view.webServer };
  const lines = Object.entries(servers)
    .filter(([, address]) => address !== undefined)
    .map(([key, address]) => `  ${key}: ${JSON.stringify(address)}`);
  return `api {\n${lines.join("\n")}\n}\n`;
}

const shown = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word));
