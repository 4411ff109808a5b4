import { type Command, Option } from "commander";
import { DAEMON_FLAGS } from "../agent/daemon-flags.ts";

/** `daemon`, `execute`, `config`, `init`. */
export function addAgentCommands(program: Command): void {
  const daemon = program
    .command("daemon")
    .description("Take tasks from queues and run them. Accepts the flags of clearml-agent daemon.")
    .option("--slots <N>", "tasks at a time", Number)
    .option("--config <FILE>", "agent.config.yaml")
    .option("--config-file <FILE>", "clearml.conf, as clearml-agent names it")
    .option("--state <DIR>", "state folder: mirrors, environments, runs")
    .option("--metrics-port <PORT>", "serve /healthz, /readyz and /metrics on 127.0.0.1:PORT", Number)
    .option("--refresh", "build environments again");
  for (const flag of DAEMON_FLAGS) {
    const note = flag.refused !== undefined ? ` (not supported: ${flag.refused})` : flag.ignored === true ? " (no effect)" : "";
    const option = new Option(flag.flags, `${flag.about}${note}`);
    daemon.addOption(flag.refused === undefined ? option : option.hideHelp());
  }
  daemon.action(async (flags) => {
    const { daemonCommand } = await import("./commands/daemon.ts");
    process.exitCode = await daemonCommand(flags);
  });

  program
    .command("execute")
    .description("Run one task here and now; the exit code is the program's.")
    .requiredOption("--id <TASK>", "the task's id")
    .option("--docker [IMAGE...]", "run it in a container")
    .option("--gpus <GPUS>", "0,1 or all or none")
    .option("--cpu-only", "no GPUs")
    .option("--config <FILE>", "agent.config.yaml")
    .option("--state <DIR>", "state folder")
    .option("--refresh", "build the environment again")
    .option("--log-level <LEVEL>", "DEBUG, INFO, WARN or ERROR")
    .action(async (flags) => {
      const { executeCommand } = await import("./commands/execute.ts");
      process.exitCode = await executeCommand(flags);
    });

  program
    .command("config")
    .description("Show the effective settings of the agent and where each came from.")
    .option("--config <FILE>", "agent.config.yaml")
    .option("--json", "as JSON")
    .action(async (flags) => {
      const { configCommand } = await import("./commands/config.ts");
      await configCommand(flags);
    });

  program
    .command("init")
    .description("Write a configuration for a server, after trying its credentials.")
    .option("--api <URL>", "address of the API server")
    .option("--access-key <KEY>", "access key")
    .option("--secret-key <KEY>", "secret key")
    .option("--file <FILE>", "where to write (default: ~/.config/windlass/agent.config.yaml)")
    .option("--force", "replace an existing file")
    .action(async (flags) => {
      const { initCommand } = await import("./commands/init.ts");
      await initCommand(flags);
    });
}
