import type { ConfigFlags } from "../config.ts";
import { type Check, type CheckResult, runChecks } from "./check.ts";
import { CONFIGURATION } from "./configuration-check.ts";
import { DoctorContext } from "./context.ts";
import { ENGINE } from "./engine-checks.ts";
import { MACHINE } from "./machine-checks.ts";
import { SERVER } from "./server-checks.ts";
import { SERVICE } from "./service-check.ts";
import { TOOLS } from "./tool-checks.ts";
import { TRIAL } from "./trial-checks.ts";

/** In the order in which a person would look: what others stand on comes first. */
const CHECKS: readonly Check[] = [...CONFIGURATION, ...SERVER, ...TOOLS, ...withStateFirst(), ...TRIAL, ...SERVICE];

/** The engine's mounts are about the state folder, its disk about the engine. */
function withStateFirst(): Check[] {
  const about = (check: Check): boolean => check.needs?.includes("engine") === true;
  return [...MACHINE.filter((check) => !about(check)), ...ENGINE, ...MACHINE.filter(about)];
}

/** Looks at everything that a task needs; tells each result as soon as it is known. */
export async function runDoctor(
  flags: ConfigFlags,
  env: NodeJS.ProcessEnv,
  io: { readonly tell: (result: CheckResult) => void; readonly signal: AbortSignal },
): Promise<CheckResult[]> {
  const context = new DoctorContext(flags, env);
  try {
    return await runChecks(CHECKS, { context, ...io });
  } finally {
    await context.close();
  }
}
