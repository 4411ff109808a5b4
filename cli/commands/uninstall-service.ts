import { rm } from "node:fs/promises";
import { WindlassError } from "../../base/errors.ts";
import { isThere } from "../service/service-manager.ts";
import { chosenService, mustBeOurs, type ServiceFlags } from "./install-service.ts";

/** Stops the service, when its running tasks have ended, and removes its unit. State and configuration stay. */
export async function uninstallServiceCommand(flags: ServiceFlags): Promise<void> {
  const { manager, name } = chosenService(flags);
  const path = manager.unitPath(name);
  if (!(await isThere(path)))
    throw new WindlassError(`there is no service ${path}`, { code: "no-service", hint: "--name and --user say which one is meant." });
  await mustBeOurs(path);
  await manager.mustBeUsable();
  await manager.ask("disable", `${name}.service`);
  if ((await manager.property(name, "ActiveState")) !== "inactive") {
    process.stdout.write(`stopping ${name} when its tasks have ended (${manager.spelled(`systemctl kill ${name}`)} ends them now)\n`);
    await manager.ask("stop", `${name}.service`);
  }
  await rm(path, { force: true });
  await manager.ask("daemon-reload");
  await manager.ask("reset-failed", `${name}.service`).catch(() => undefined);
  process.stdout.write(`${path} is removed; state and configuration stay where they are\n`);
  if (await isThere(`${path}.d`)) process.stdout.write(`your drop-ins in ${path}.d stay too\n`);
}
