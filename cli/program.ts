import { Command, CommanderError } from "commander";
import { version } from "../base/version.ts";
import { addAgentCommands } from "./agent-commands.ts";
import { OutputPipes } from "./closed-pipes.ts";
import { addControlCommands } from "./control-commands.ts";
import { dockerAsOneWord } from "./docker-words.ts";
import { reportError, USAGE } from "./report-error.ts";
import { addServerCommands } from "./server-commands.ts";
import { addServiceCommands } from "./service-commands.ts";
import { addTaskCommands } from "./task-commands.ts";

/** The command line: flags and words. Each command's own code is loaded when it is called. */
const pipes = new OutputPipes();
const program = new Command("windlass")
  .description("A worker agent for ClearML queues, with an embedded ClearML server.")
  .version(version(), "-V, --version")
  .showHelpAfterError("(windlass --help, or windlass COMMAND --help, says more)")
  .exitOverride()
  .hook("preAction", (_program, command) => pipes.serve(command.name()));

addServerCommands(program);
addAgentCommands(program);
addServiceCommands(program);
addControlCommands(program);
addTaskCommands(program);
program
  .command("version")
  .description("Print the version, as --version does.")
  .action(() => void process.stdout.write(`${version()}\n`));

try {
  await program.parseAsync(dockerAsOneWord(process.argv.slice(2)), { from: "user" });
} catch (error) {
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? 0 : USAGE) : reportError(error);
}
