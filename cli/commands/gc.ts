import { stat } from "node:fs/promises";
import { idIn } from "../../agent/agent-identity.ts";
import type { Config } from "../../agent/config.ts";
import { parseAmount } from "../../agent/config-schema.ts";
import { type CleanUpReport, cleanUp, type Fate } from "../../agent/disk/clean-up.ts";
import { imagesWereUsed } from "../../agent/disk/inventory.ts";
import { loadConfig } from "../../agent/load-config.ts";
import { messageOf, WindlassError } from "../../base/errors.ts";
import { createLogger, silentLogger } from "../../base/logger.ts";
import { formatBytes } from "../../base/units.ts";
import type { EngineStore } from "../../runner/docker/engine-store.ts";
import { ago, style, styleOut, table } from "../style.ts";

export interface GcFlags {
  readonly dryRun?: boolean;
  readonly budget?: string;
  readonly json?: boolean;
  readonly docker?: boolean;
  readonly config?: string;
  readonly state?: string;
}

/** What is kept, what went (or would go), and how much that freed. The exit code is 1 when something could not be removed. */
export async function gcCommand(flags: GcFlags): Promise<number> {
  const { config } = await loadConfig(
    { config: flags.config, state: flags.state, docker: flags.docker === true ? "" : undefined },
    process.env,
  );
  await mustExist(config.stateFolder);
  const limits = flags.budget === undefined ? config.disk : { ...config.disk, budget: parseAmount(flags.budget) };
  const report = await cleanUp({
    stateFolder: config.stateFolder,
    limits,
    store: await storeOf(config),
    dryRun: flags.dryRun ?? false,
    logger: process.env["WINDLASS_DEBUG"] === undefined ? silentLogger : createLogger({ level: "debug", format: "text" }),
  });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
  return report.items.some(({ fate }) => fate.is === "refused" && fate.detail !== "in use by now") ? 1 : 0;
}

async function mustExist(stateFolder: string): Promise<void> {
  if ((await stat(stateFolder).catch(() => undefined)) === undefined)
    throw new WindlassError(`there is no state folder ${stateFolder}`, {
      code: "no-state-folder",
      hint: "Name the agent's with --state, or its configuration with --config.",
    });
}

/** The engine, where the agent works with one or once did. */
async function storeOf(config: Config): Promise<EngineStore | undefined> {
  const id = await idIn(config.stateFolder);
  if (id === undefined || !(config.engine === "docker" || (await imagesWereUsed(config.stateFolder)))) return undefined;
  try {
    const { createEngineStore } = await import("../../runner/docker/engine-store.ts");
    return await createEngineStore(config.runSettings.docker.host, id);
  } catch (error) {
    process.stderr.write(`${style("yellow", "images are left out")}: ${messageOf(error)}\n`);
    return undefined;
  }
}

function textOf(report: CleanUpReport): string {
  const items = report.items.toSorted((a, b) => b.bytes - a.bytes);
  const rows = items.map((item) => [
    item.kind,
    item.name.length > 60 ? `${item.name.slice(0, 59)}…` : item.name,
    formatBytes(item.bytes),
    ago(new Date(item.lastUsedMs).toISOString()),
    fateText(item.fate),
  ]);
  const list = rows.length === 0 ? "nothing is kept\n" : table(["KIND", "NAME", "SIZE", "USED", "STATE"], rows);
  return `${list}\n${totals(report)}`;
}

const WHY = { leftover: "left over", age: "not used for long", budget: "over the budget", space: "space is short" } as const;

function fateText(fate: Fate): string {
  switch (fate.is) {
    case "stays":
    case "in use":
      return fate.is;
    case "goes":
      return styleOut("yellow", `would go: ${WHY[fate.why]}`);
    case "gone":
      return styleOut("green", `removed: ${WHY[fate.why]}`);
    case "refused":
      return styleOut("red", `not removed: ${fate.detail}`);
  }
}

function totals({ items, keptBytes, freedBytes, budgetBytes, disks }: CleanUpReport): string {
  const dry = items.some(({ fate }) => fate.is === "goes");
  const budget = budgetBytes === undefined ? "no budget" : `budget ${formatBytes(budgetBytes)}`;
  const room = disks.map(
    ({ path, freeBytes, keepFreeBytes }) => `${formatBytes(freeBytes)} free on the disk of ${path} (${formatBytes(keepFreeBytes)} wanted)`,
  );
  return `${dry ? "would free" : "freed"} ${formatBytes(freedBytes)}, ${dry ? "would keep" : "kept"} ${formatBytes(keptBytes)} (${budget})\n${room.join("\n")}\n`;
}
