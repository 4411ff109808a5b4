import { type Command, Option } from "commander";
import { TASK_STATUSES, TASK_TYPES } from "../api/wire/task-types.ts";
import { duration, nonEmpty, wholeNumber } from "./flag-values.ts";

/** `run`, `logs`, `task`, `tasks`, `abort`, `enqueue`, `queues`, `workers`: a person at the server. */
export function addTaskCommands(program: Command): void {
  program
    .command("run")
    .description("Create a task, enqueue it and follow it; the exit code is the task's. Flags are named as those of clearml-task.")
    .option("--project <NAME>", "project, made when missing", "Windlass")
    .option("--name <NAME>", "name of the task (default: the script's)")
    .option("--repo <URL>", "git repository")
    .option("--branch <NAME>", "branch (default: the repository's)")
    .option("--commit <ID>", "commit (default: the branch's tip)")
    .option("--folder <DIR>", "local folder: its git repository, commit and uncommitted changes, new files included")
    .option(
      "--script <FILE>",
      "entry point; without --repo and --folder the file itself is the task's code, or its repository's if it is in one",
    )
    .option("--module <NAME>", "Python module to run instead of a script")
    .option("--cwd <DIR>", "working directory in the repository")
    .option("--args <NAME=VALUE...>", "parameters (section Args)")
    .option("--time-limit <TIME>", "stop the program when it has run so long: 90s, 10m, 2h", duration)
    .addOption(
      new Option("--on-lost <WHAT>", "when its machine or engine goes down with it (default: as its agent says)").choices([
        "requeue",
        "fail",
      ]),
    )
    .addOption(new Option("--parameters <WAY>", "how --args reach the program (default: as its agent says)").choices(["sdk", "arguments"]))
    .option("--queue <NAME>", "queue, by name or id (default: the server's default queue)", nonEmpty)
    .option("--create-queue", "make the queue when the server has none of that name")
    .option("--requirements <FILE>", "requirements file")
    .option("--packages <NAME...>", "packages to install")
    .option("--docker <IMAGE>", "container image; used by agents that run with --docker")
    .option("--docker_args <ARGS>", "arguments of docker run")
    .option("--docker_bash_setup_script <FILE>", "set-up script: a file, or the script itself")
    .addOption(new Option("--task-type <TYPE>", "type of the task").choices(TASK_TYPES).default("training"))
    .option("--tags <TAG...>", "tags")
    .option("--binary <NAME>", "interpreter: python3, bash, … (default: by the script's ending)")
    .option("--no-follow", "return when the task is enqueued")
    .option("--json", "standard output gets the task as JSON at its end; its console goes to standard error")
    .action(async (flags) => {
      const { runCommand } = await import("./commands/run.ts");
      process.exitCode = await runCommand(flags);
    });

  program
    .command("logs <task>")
    .description("Print a task's console.")
    .option("-f, --follow", "go on until the task ends")
    .option("-n, --tail <N>", "only its last N lines", wholeNumber(0))
    .option("--json", "a line of JSON for each piece of it, with its time and worker")
    .action(async (task, flags) => {
      const { logsCommand } = await import("./commands/logs.ts");
      await logsCommand(task, flags);
    });

  program
    .command("task <task>")
    .description("Show a task.")
    .option("--json", "the whole document")
    .action(async (task, flags) => {
      const { taskCommand } = await import("./commands/task.ts");
      await taskCommand(task, flags);
    });

  program
    .command("tasks")
    .description("List tasks, newest first.")
    .addOption(new Option("--status <STATUS...>", "only of these statuses").choices(TASK_STATUSES))
    .option("--limit <N>", "at most so many", wholeNumber(1, 500), 20)
    .option("--json", "as JSON")
    .action(async (flags) => {
      const { tasksCommand } = await import("./commands/tasks.ts");
      await tasksCommand(flags);
    });

  program
    .command("abort <task...>")
    .description("Stop tasks, running or waiting; those that have ended are left as they are.")
    .action(async (tasks) => {
      const { abortCommand } = await import("./commands/abort.ts");
      process.exitCode = await abortCommand(tasks);
    });

  program
    .command("enqueue <task...>")
    .description("Put tasks that exist into a queue: by id, the beginning of it, or name.")
    .option("--queue <NAME>", "queue, by name or id (default: the server's default queue)", nonEmpty)
    .option("--create-queue", "make the queue when the server has none of that name")
    .option("--reset", "clear what an earlier run left (console, results), and run it again")
    .action(async (tasks, flags) => {
      const { enqueueCommand } = await import("./commands/enqueue.ts");
      process.exitCode = await enqueueCommand(tasks, flags);
    });

  for (const what of ["queues", "workers"] as const) {
    program
      .command(what)
      .description(what === "queues" ? "List queues and what waits in them." : "List workers and what they run.")
      .option("--json", "as JSON")
      .action(async (flags) => {
        const { queuesCommand, workersCommand } = await import("./commands/lists.ts");
        await (what === "queues" ? queuesCommand : workersCommand)(flags);
      });
  }
}
