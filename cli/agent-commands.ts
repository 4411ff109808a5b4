import { type Command, Option } from "commander";
import { describeDaemon } from "./daemon-options.ts";

/** `daemon`, `execute`, `doctor`, `janitor`, `config`, `init`. */
export function addAgentCommands(program: Command): void {
  const daemon = describeDaemon(
    program.command("daemon").description("Take tasks from queues and run them. Accepts the flags of clearml-agent daemon."),
  );
  daemon.action(async (flags) => {
    const { daemonCommand } = await import("./commands/daemon.ts");
    process.exitCode = await daemonCommand(flags);
  });

  program
    .command("execute")
    .description("Run one task here and now; the exit code is the program's.")
    .requiredOption("--id <TASK>", "the task's id")
    .option("--docker [IMAGE...]", 'run it in a container; IMAGE if it names none, flags of docker run after it: --docker IMAGE "-m 512m"')
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
    .command("doctor")
    .description("Look at everything that a task needs, each with its cure; the exit code is 1 when something failed.")
    .option("--queue <NAME...>", "queues that have to be there")
    .option("--config <FILE>", "agent.config.yaml")
    .option("--state <DIR>", "state folder")
    .option("--docker [IMAGE...]", "look at the container engine, too, and try an empty run in IMAGE")
    .option("--gpus <GPUS>", "0,1 or all or none")
    .option("--cpu-only", "no GPUs")
    .option("--json", "as JSON")
    .action(async (flags) => {
      const { doctorCommand } = await import("./commands/doctor.ts");
      process.exitCode = await doctorCommand(flags);
    });

  program
    .command("janitor")
    .description(
      "Find tasks that are queued in no queue, whoever lost them. Those seen so and unchanged for ten minutes, in two passes at least and named by no worker, go back to the front of their queue. Passes are remembered in the state folder: call it twice, from cron, or with --every.",
    )
    .addOption(new Option("--once", "one pass (as without --every)").conflicts("every"))
    .option("--every <DURATION>", "a pass every 10m, 1h, … until stopped")
    .option("--dry-run", "remember and report, put nothing back")
    .option("--config <FILE>", "agent.config.yaml")
    .option("--state <DIR>", "state folder")
    .option("--json", "a line of JSON for each pass")
    .action(async (flags) => {
      const { janitorCommand } = await import("./commands/janitor.ts");
      process.exitCode = await janitorCommand(flags);
    });

  program
    .command("gc")
    .description(
      "Show what the agent keeps on this machine, and remove what is over its budget: least recently used first, nothing in use. Works beside a running agent.",
    )
    .option("--dry-run", "remove nothing, show what would go")
    .option("--budget <SIZE>", "keep at most this much (20g, 50%; 0: only what is in use) instead of disk.budget")
    .option("--json", "as JSON")
    .option("--docker", "look at the engine's images, too, as with docker.enabled")
    .option("--config <FILE>", "agent.config.yaml")
    .option("--state <DIR>", "state folder")
    .action(async (flags) => {
      const { gcCommand } = await import("./commands/gc.ts");
      process.exitCode = await gcCommand(flags);
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
