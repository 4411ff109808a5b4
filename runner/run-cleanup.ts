import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, RunContext, Running } from "./engine.ts";
import type { Held, Launched } from "./run-request.ts";
import { releaseCommit } from "./source/checkout.ts";
import { releaseUses } from "./uses.ts";

export interface RunParts {
  readonly context: RunContext;
  readonly engine: () => Promise<Engine>;
  readonly launched: Launched | undefined;
  readonly running: Running | undefined;
  readonly held: Held | undefined;
}

/** Removes everything of an ended run but its console: each step is tried, whatever became of the one before. */
export async function removeRun(parts: RunParts, onError: (error: unknown, what: string) => void): Promise<void> {
  const context = { ...parts.context, signal: new AbortController().signal };
  const { held } = parts;
  const steps = [
    async () => await (await programOf(parts, context))?.remove(),
    async () => (held === undefined ? undefined : await releaseCommit(held, context.runId)),
    async () => await removeWorkspace(context, parts.engine),
    async () => await removeFiles(context),
    async () => await releaseUses(context.stateFolder, context.runId),
  ];
  for (const step of steps) await step().catch((error: unknown) => onError(error, "something of a run could not be removed"));
}

/** Clears away what a run wrote, but its console: before it is begun anew, or because the disk is full. */
export async function removeLeftovers(context: RunContext, engine: () => Promise<Engine>): Promise<void> {
  await removeWorkspace(context, engine);
  await removeFiles(context);
}

/** After a crash between the end of a run and its clean-up the program is looked for once more. */
async function programOf({ running, launched, engine }: RunParts, context: RunContext): Promise<Running | undefined> {
  if (running !== undefined || launched === undefined) return running;
  return await (await engine()).adopt(context, launched.handle);
}

async function removeWorkspace(context: RunContext, engine: () => Promise<Engine>): Promise<void> {
  const workspace = join(context.folder, "workspace");
  try {
    await rm(workspace, { recursive: true, force: true });
  } catch {
    await (await engine()).removeFolder(context, workspace);
  }
}

async function removeFiles(context: RunContext): Promise<void> {
  for (const name of ["files", "build", "tmp", "setup.sh"]) await rm(join(context.folder, name), { recursive: true, force: true });
}
