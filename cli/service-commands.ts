import type { Command } from "commander";

/** `install-service`, `uninstall-service`. */
export function addServiceCommands(program: Command): void {
  program
    .command("install-service")
    .description("Install the agent as a service of systemd and start it; flags of windlass daemon follow after --.")
    .argument("[DAEMON_FLAGS...]", "flags of windlass daemon, after --")
    .option("--user", "a service of your own, without root")
    .option("--name <NAME>", "name of the service, and of its state folder (default: windlass)")
    .option("--config <FILE>", "agent.config.yaml (default: /etc/windlass/, with --user ~/.config/windlass/)")
    .option("--dry-run", "print the unit and change nothing")
    .action(async (daemonFlags: string[], flags) => {
      const { installServiceCommand } = await import("./commands/install-service.ts");
      await installServiceCommand(flags, daemonFlags);
    });

  program
    .command("uninstall-service")
    .description("Stop the service when its tasks have ended, and remove it; state and configuration stay.")
    .option("--user", "a service of your own")
    .option("--name <NAME>", "name of the service (default: windlass)")
    .action(async (flags) => {
      const { uninstallServiceCommand } = await import("./commands/uninstall-service.ts");
      await uninstallServiceCommand(flags);
    });
}
