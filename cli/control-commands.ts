import type { Command } from "commander";

/** `status`, `jobs`, `why`, `pause`, `resume`, `drain`: a person at the agent that runs on this machine. */
export function addControlCommands(program: Command): void {
  const atAgent = (usage: string, about: string): Command =>
    program
      .command(usage)
      .description(about)
      .option("--state <DIR>", "state folder of the agent (default: as the configuration says)")
      .option("--config <FILE>", "agent.config.yaml of the agent");

  atAgent("status", "Show the agent that runs here: state, queues, slots and what they run.")
    .option("--json", "as JSON")
    .option("--watch", "show it again whenever it changes, until the agent ends")
    .action(async (flags) => (await import("./commands/status.ts")).statusCommand(flags));

  atAgent("jobs", "List what runs here, and what has ended and is still to be reported to the server.")
    .option("--json", "as JSON")
    .action(async (flags) => (await import("./commands/status.ts")).jobsCommand(flags));

  atAgent("why <task>", "Say why a task does not run, or where it runs: by id, the beginning of it, or name.")
    .option("--json", "as JSON")
    .action(async (task, flags) => (await import("./commands/why.ts")).whyCommand(task, flags));

  atAgent("pause", "Take no new tasks until windlass resume; what runs goes on.").action(async (flags) =>
    (await import("./commands/steer.ts")).pauseCommand(flags),
  );

  atAgent("resume", "Take tasks again after windlass pause.").action(async (flags) =>
    (await import("./commands/steer.ts")).resumeCommand(flags),
  );

  atAgent("drain", "Take no new tasks, and end when those that run have ended (as the first SIGTERM).")
    .option("--wait", "return when the agent has ended")
    .action(async (flags) => (await import("./commands/steer.ts")).drainCommand(flags));
}
