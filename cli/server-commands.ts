import { type Command, Option } from "commander";
import { nonEmpty, port, seconds, slots } from "./flag-values.ts";

/** `server` with its subcommands, `up`. */
export function addServerCommands(program: Command): void {
  const withServerFlags = (command: Command): Command =>
    command
      .option("--data <DIR>", "data folder (default: ~/.local/share/windlass)")
      .option("--host <ADDRESS>", "address to listen on", "127.0.0.1")
      .addOption(new Option("--api-port <PORT>", "port of the API, 0 = any free one").argParser(port).default(8008))
      .addOption(new Option("--files-port <PORT>", "port of the file server, 0 = any free one").argParser(port).default(8081))
      .option("--web-dir <DIR>", "serve the web app whose built files (index.html) are in this folder", nonEmpty)
      .addOption(new Option("--web-port <PORT>", "port of the web app, 0 = any free one").argParser(port).default(8080))
      .option("--tls-cert <FILE>", "certificate with its chain, PEM: all ports speak TLS; SIGHUP reads it again", nonEmpty)
      .option("--tls-key <FILE>", "its private key, PEM", nonEmpty)
      .option(
        "--keep-events <TIME>",
        "delete console lines, scalars, plots and debug images older than this, e.g. 30d (default: keep all)",
        seconds,
      )
      .option("--name-login", "the web app asks for a name only: whoever reaches the server is whom he says");

  const server = withServerFlags(program.command("server"))
    .description("Run the embedded ClearML server.")
    .action(async (flags) => {
      const { serverCommand } = await import("./commands/server.ts");
      process.exitCode = await serverCommand(flags);
    });
  addUserCommands(server.command("user").description("People who log in to the web app with a name and a password."));

  server
    .command("backup <target>")
    .description("Copy the data folder into a new folder, consistent, while the server runs; a server can be started from it.")
    .action(async (target, _flags, command) => {
      const { serverBackupCommand } = await import("./commands/server-backup.ts");
      await serverBackupCommand(target, command.optsWithGlobals());
    });

  withServerFlags(program.command("up"))
    .description("Run the embedded server and an agent on it, in one process.")
    .option("--queue <NAME...>", "queues to serve (made when missing)", ["default"])
    .option("--slots <N>", "tasks at a time", slots)
    .option(
      "--docker [IMAGE...]",
      'run tasks in containers; IMAGE for tasks that name none, flags of docker run after it: --docker IMAGE "-m 512m"',
    )
    .option("--gpus <GPUS>", "0,1 or all or none")
    .option("--cpu-only", "no GPUs")
    .option("--config <FILE>", "agent.config.yaml")
    .option("--state <DIR>", "state folder of the agent (default: in the data folder)")
    .option("--metrics-port <PORT>", "serve the agent's /healthz, /readyz and /metrics on 127.0.0.1:PORT", port)
    .option("--log-level <LEVEL>", "DEBUG, INFO, WARN or ERROR")
    .action(async (flags) => {
      const { upCommand } = await import("./commands/up.ts");
      process.exitCode = await upCommand(flags);
    });
}

/** They work on the data folder, whether a server runs on it or not. */
function addUserCommands(user: Command): void {
  const dataFlag = (command: Command): Command => command.option("--data <DIR>", "data folder (default: ~/.local/share/windlass)");
  const passwordFlag = (command: Command): Command =>
    dataFlag(command).option("--password-stdin", "read the password from stdin (default: one is made up and printed)");

  passwordFlag(user.command("add <NAME>"))
    .description("Add a user.")
    .option("--admin", "who may make users and act for them")
    .action(async (name, _flags, command) => {
      const { addUserCommand } = await import("./commands/server-user.ts");
      await addUserCommand(name, command.optsWithGlobals());
    });
  passwordFlag(user.command("password <NAME>"))
    .description("Give a user a new password.")
    .action(async (name, _flags, command) => {
      const { userPasswordCommand } = await import("./commands/server-user.ts");
      await userPasswordCommand(name, command.optsWithGlobals());
    });
  dataFlag(user.command("remove <NAME>"))
    .description("Remove a user's login and keys; what was logged in with them ends within seconds.")
    .action(async (name, _flags, command) => {
      const { removeUserCommand } = await import("./commands/server-user.ts");
      await removeUserCommand(name, command.optsWithGlobals());
    });
}
