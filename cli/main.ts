#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { version } from "../base/version.ts";
import { addAgentCommands } from "./agent-commands.ts";
import { addControlCommands } from "./control-commands.ts";
import { reportError } from "./report-error.ts";
import { addServerCommands } from "./server-commands.ts";
import { addTaskCommands } from "./task-commands.ts";

/** The command line: flags and words. Each command's own code is loaded when it is called. */
const program = new Command("windlass")
  .description("A worker agent for ClearML queues, with an embedded ClearML server.")
  .version(version(), "-V, --version")
  .showHelpAfterError("(windlass --help, or windlass COMMAND --help, says more)")
  .exitOverride();

addServerCommands(program);
addAgentCommands(program);
addControlCommands(program);
addTaskCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 64) : reportError(error);
}
