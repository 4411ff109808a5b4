import type { EventEmitter } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { WindlassError } from "../base/errors.ts";
import { holdFileLock } from "../base/file-lock.ts";
import { ensurePrivateFolder, writeFileDurably } from "../base/files.ts";
import { newId } from "../base/ids.ts";
import { createLogger, type Logger } from "../base/logger.ts";
import { HostProbe } from "../monitor/resources/host-probe.ts";
import { Agent } from "./agent.ts";
import { createClient } from "./client.ts";
import type { Config } from "./config.ts";
import { checkSharedState } from "./container-start.ts";
import { diskGuardOf } from "./disk/disk-guard-of.ts";
import { Engines } from "./engines.ts";
import { startJanitor } from "./janitor/start-janitor.ts";
import { Journal } from "./journal.ts";
import { openOutside } from "./outside.ts";
import { reloaded } from "./reload.ts";
import { startServiceNotify } from "./service/service-notify.ts";
import { obeySignals } from "./signals.ts";

export interface DaemonIo {
  /** Where signals come from. */
  readonly signals: EventEmitter;
  readonly logger?: Logger;
  /** Told when the agent is registered and waits for work. */
  readonly onReady?: () => void;
  /** Reads the configuration again, for SIGHUP; without it SIGHUP is refused. */
  readonly reloadConfig?: () => Promise<Config>;
}

/**
 * Builds the agent from its configuration and lives until it is told to stop (`signals.ts`). Returns the exit code. After
 * code 3 runs go on without this process, and handles to them are still open: the caller has to exit.
 */
export async function runDaemon(config: Config, io: DaemonIo): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const logger = io.logger ?? createLogger({ level: config.log.level, format: config.log.format });
  const agentId = await openStateFolder(config.stateFolder, stack);
  const client = createClient(config, logger);
  const journal = await Journal.open(config.stateFolder);
  const engines = new Engines(config, agentId, journal, logger);
  stack.defer(() => engines.close());
  await checkSharedState(config, engines, logger);
  const host = new HostProbe(config.gpus);
  const onReady = (): void => {
    const { queues, slots, engine, stateFolder: state } = config;
    logger.info({ server: config.server.api, queues, slots, engine, state }, "ready, waiting for tasks");
    service.ready();
    io.onReady?.();
  };
  let current = config;
  const disk = diskGuardOf(
    () => current,
    agentId,
    () => engines.isMade("docker"),
    logger,
  );
  const agent = new Agent({ config, client, journal, agentId, engines, host, logger, clock: systemClock, disk, onReady });
  const readAgain = async (): Promise<void> => {
    if (io.reloadConfig === undefined) throw new WindlassError("this agent cannot read its configuration again", { code: "no-reload" });
    current = reloaded(current, await io.reloadConfig(), logger);
    await agent.reload(current);
  };
  const service = startServiceNotify(agent, { logger, heartbeatMs: () => current.heartbeatMs });
  stack.defer(() => service.stopping());
  const reload = async (): Promise<void> => {
    service.reloading();
    await readAgain().finally(() => service.ready());
  };
  startJanitor(config, client, logger, stack);
  const ended = obeySignals({ agent, config: () => current, signals: io.signals, logger, reload });
  stack.use(await openOutside(agent, ended.drain, () => current, logger));
  await agent.run();
  return ended.code();
}

/** One agent at a time per state folder; its random id is made once. */
async function openStateFolder(folder: string, stack: AsyncDisposableStack): Promise<string> {
  await ensurePrivateFolder(folder);
  const lock = await holdFileLock(join(folder, "agent.lock"));
  if (typeof lock === "number") {
    throw new WindlassError(`another agent (process ${lock}) uses the state folder ${folder}`, {
      code: "state-in-use",
      hint: "Stop it, or give this one a folder of its own with --state.",
    });
  }
  stack.defer(lock);
  return await agentIdOf(folder);
}

/** The random id of a state folder; on every label. */
export async function agentIdOf(folder: string): Promise<string> {
  const path = join(folder, "agent.json");
  const known = await readFile(path, "utf8").then(
    (text) => (JSON.parse(text) as { id: string }).id,
    () => undefined,
  );
  if (known !== undefined) return known;
  const id = newId();
  await writeFileDurably(path, JSON.stringify({ id }));
  return id;
}
