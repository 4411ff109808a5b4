import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { WindlassError } from "../../base/errors.ts";
import type { ServiceKind } from "./unit-text.ts";

const run = promisify(execFile);

/** The systemd of the machine or of a user, by its own commands. */
export class ServiceManager {
  readonly #flags: readonly string[];
  readonly kind: ServiceKind;

  constructor(kind: ServiceKind) {
    this.kind = kind;
    this.#flags = kind === "user" ? ["--user"] : [];
  }

  /** Where a person's own units are. */
  unitPath(name: string): string {
    const config = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
    return join(this.kind === "user" ? join(config, "systemd/user") : "/etc/systemd/system", `${name}.service`);
  }

  /** A command to print for a person: `systemctl --user status windlass`. */
  spelled(command: string): string {
    const [program, ...rest] = command.split(" ");
    return [program, ...this.#flags, ...rest].join(" ");
  }

  /** Throws, with the cure, where this process may not install or remove a service. */
  async mustBeUsable(): Promise<void> {
    if (!(await isThere("/run/systemd/system")))
      throw new WindlassError("systemd does not run on this machine", {
        code: "no-systemd",
        hint: "Start the agent by whatever starts services here: windlass daemon stays in the foreground.",
      });
    if (this.kind === "system" && process.geteuid?.() !== 0)
      throw new WindlassError("a service of the machine can only be installed or removed by root", {
        code: "not-root",
        hint: "Call it with sudo, or with --user for a service of your own.",
      });
    if (this.kind === "user") await this.#mustHaveUserManager();
  }

  async #mustHaveUserManager(): Promise<void> {
    await this.ask("show-environment").catch((error: unknown) => {
      throw new WindlassError("your own systemd does not answer", {
        code: "no-systemd",
        hint: "Log in as this user (su and sudo start no systemd of the user), or install a service of the machine as root.",
        cause: error,
      });
    });
  }

  /** Runs `systemctl` and returns what it printed. Throws with its own words. */
  async ask(...args: readonly string[]): Promise<string> {
    try {
      return (await run("systemctl", [...this.#flags, ...args])).stdout.trim();
    } catch (error) {
      const words = ((error as { stderr?: string }).stderr ?? String(error)).trim();
      throw new WindlassError(`systemctl ${[...this.#flags, ...args].join(" ")} failed: ${words}`, { code: "systemctl", cause: error });
    }
  }

  async property(name: string, property: string): Promise<string> {
    return await this.ask("show", "--property", property, "--value", name);
  }
}

export async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
