import { messageOf, WindlassError } from "../../base/errors.ts";
import { type Check, type Finding, fail, ok, warn } from "./check.ts";
import type { DoctorContext } from "./context.ts";
import { canTry } from "./engine-checks.ts";
import type { TrialResult } from "./trial-run.ts";

/** An image may have to be pulled first. */
const RUN_TIMEOUT_MS = 600_000;
const LAST_LINES = 5;

/** A real empty run, and what it saw from inside. */
export const TRIAL: readonly Check[] = [
  { id: "run", needs: ["state folder", "python", "engine", "mounts", "image"], applies: canTry, timeoutMs: RUN_TIMEOUT_MS, look: emptyRun },
  { id: "run: server", needs: ["run", "server"], applies: canTry, timeoutMs: 5_000, look: serverInside },
  { id: "run: authority", needs: ["run"], applies: hasBundle, timeoutMs: 5_000, look: bundleInside },
  { id: "run: gpus", needs: ["run", "engine gpus"], applies: hasGpus, timeoutMs: 5_000, look: gpusInside },
];

const resultOf = (context: DoctorContext): Promise<TrialResult> => context.trial.result(new AbortController().signal);

function hasBundle(context: DoctorContext): boolean {
  return canTry(context) && context.config.runSettings.network.caBundle !== undefined;
}

function hasGpus(context: DoctorContext): boolean {
  return canTry(context) && context.isDocker && context.config.gpus !== "none";
}

async function emptyRun(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const started = performance.now();
  const result = await context.trial.result(signal).catch((error: unknown) => error as Error);
  if (result instanceof Error)
    return fail(
      `an empty run fails: ${messageOf(result)}`,
      (result instanceof WindlassError ? result.hint : undefined) ?? "Any task would fail so, too.",
    );
  const took = `${Math.round(performance.now() - started)} ms`;
  if (result.told.get("end") !== "well")
    return fail(
      `an empty run ended with exit code ${result.exitCode}: ${lastLines(result.console)}`,
      "Does the image hold a shell, and is its entry point one that runs what follows?",
    );
  if (result.told.get("workspace") !== "writable")
    return fail(
      `user ${result.told.get("user")} of an empty run cannot write its workspace`,
      "Look at user namespaces of the engine, SELinux, and the mount options of the state folder's disk.",
    );
  return ok(`an empty run took ${took}, as user ${result.told.get("user")}`);
}

/** The classic trap: the server's address is right out here, and leads nowhere in there. */
async function serverInside(context: DoctorContext): Promise<Finding> {
  const { told, apiServer } = await resultOf(context);
  const api = told.get("api") ?? "";
  const where = apiServer === context.config.server.api ? apiServer : `${apiServer}, which leads to ${context.config.server.api},`;
  if (api === "reached") return ok(`${where} is reached from inside`);
  if (api === "nothing to ask with")
    return warn(`nobody knows whether ${where} is reached: the image has no python3, curl or wget`, "Try an image that has one.");
  return fail(
    `${where} is not reached from inside (${api})`,
    /certificate/i.test(api)
      ? "Name the file of the server's authority in network.ca_bundle."
      : "Give the server an address that containers reach (not localhost, not a name that only this machine knows), let the firewall pass their network, or put tasks into another one (docker.extra_arguments: --network NAME).",
  );
}

async function bundleInside(context: DoctorContext): Promise<Finding> {
  const { caBundle } = context.config.runSettings.network;
  const seen = (await resultOf(context)).told.get("bundle");
  if (seen === "readable") return ok(`${caBundle} is trusted inside`);
  return fail(`${caBundle} is ${seen} inside`, "Make the file readable to everybody (chmod 644).");
}

async function gpusInside(context: DoctorContext): Promise<Finding> {
  const gpus = (await resultOf(context)).told.get("gpus") ?? "none";
  if (Number(gpus) > 0) return ok(`${gpus} seen inside`);
  if (!Array.isArray(context.config.gpus)) return ok("none seen inside");
  return fail("agent.gpus names GPUs, but a run sees none", "Look at nvidia-smi on this machine, and at the container toolkit's log.");
}

const lastLines = (console: string): string => console.trim().split("\n").slice(-LAST_LINES).join(" | ").slice(-400);
