import { runCommand } from "../../base/run-command.ts";
import { which } from "../../runner/environment/interpreter.ts";
import { type Check, type Finding, fail, ok, warn } from "./check.ts";
import type { DoctorContext } from "./context.ts";

const UNIT = "windlass.service";

/** The unit, where there is one: whether it runs, comes back at boot, and how often it had to be restarted. */
export const SERVICE: readonly Check[] = [{ id: "service", needs: ["configuration"], timeoutMs: 15_000, look: service }];

interface UnitState {
  readonly scope: "system" | "user";
  readonly facts: ReadonlyMap<string, string>;
}

async function service(_context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  if ((await which("systemctl")) === undefined) return ok("no systemd here");
  const units = [await unitState("system", signal), await unitState("user", signal)].filter((unit) => unit !== undefined);
  const [unit] = units;
  if (unit === undefined) return ok(`${UNIT} is not installed`);
  if (units.length > 1) return warn(`${UNIT} is installed for the system and for this user`, "One of them is enough: disable the other.");
  return verdict(unit);
}

function verdict({ scope, facts }: UnitState): Finding {
  const flag = scope === "user" ? " --user" : "";
  const state = `${facts.get("ActiveState")}, ${facts.get("UnitFileState")}, ${facts.get("NRestarts") ?? 0} restarts (${scope})`;
  if (facts.get("ActiveState") === "failed") return fail(state, `journalctl${flag} -u windlass says why; systemctl${flag} start windlass.`);
  if (facts.get("ActiveState") !== "active") return warn(state, `Start it: systemctl${flag} start windlass.`);
  if (facts.get("UnitFileState") === "disabled") return warn(state, `It does not come back at boot: systemctl${flag} enable windlass.`);
  return ok(state);
}

async function unitState(scope: UnitState["scope"], signal: AbortSignal): Promise<UnitState | undefined> {
  const env = { ...process.env } as Record<string, string>;
  const args = [`--${scope}`, "show", UNIT, "-p", "LoadState,ActiveState,UnitFileState,NRestarts"];
  const { exitCode, stdout } = await runCommand("systemctl", args, { env, signal });
  const facts = new Map(stdout.split("\n").map((line) => line.split("=", 2) as [string, string]));
  return exitCode === 0 && facts.get("LoadState") === "loaded" ? { scope, facts } : undefined;
}
