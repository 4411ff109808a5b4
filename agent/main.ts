import type { EventEmitter } from "node:events";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { WindlassError } from "../base/errors.ts";
import { holdFileLock } from "../base/file-lock.ts";
import { ensurePrivateFolder, writeFileDurably } from "../base/files.ts";
import { newId } from "../base/ids.ts";
import { createLogger, type Logger } from "../base/logger.ts";
import { HostProbe } from "../monitor/resources/host-probe.ts";
import type { Engine } from "../runner/engine.ts";
import { Agent } from "./agent.ts";
import { createClient } from "./client.ts";
import type { Config } from "./config.ts";
import { diskGuardOf } from "./disk/disk-guard-of.ts";
import { Journal } from "./journal.ts";
import { readAgentId } from "./recovery.ts";

export interface DaemonIo {
  /** Where SIGTERM and SIGINT come from. */
  readonly signals: EventEmitter;
  readonly logger?: Logger;
  /** Told when the agent is registered and waits for work. */
  readonly onReady?: () => void;
}

/** Exit codes of the daemon. */
export const DRAINED = 0;
export const ABORTED = 2;
export const LEFT = 3;

/**
 * Builds the agent from its configuration and lives until it is told to stop. First SIGTERM or SIGINT: no new tasks, the
 * running ones may finish (until the drain deadline). Second: they are stopped with grace. Third: exit at once.
 * Returns the exit code.
 */
export async function runDaemon(config: Config, io: DaemonIo): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const logger = io.logger ?? createLogger({ level: config.log.level, format: config.log.format });
  const agentId = await openStateFolder(config.stateFolder, stack);
  const client = createClient(config, logger);
  const journal = await Journal.open(config.stateFolder);
  const engine = engineOf(config, agentId, logger);
  stack.defer(async () => (await engine.made())?.close());
  const host = new HostProbe(config.gpus);
  const disk = diskGuardOf(config, agentId, async () => (await engine.made()) !== undefined, logger);
  const ready = (): void => {
    logger.info(
      { server: config.server.api, queues: config.queues, slots: config.slots, engine: config.engine, state: config.stateFolder },
      "ready, waiting for tasks",
    );
    io.onReady?.();
  };
  const agent = new Agent({ config, client, journal, agentId, engine: engine.get, host, logger, clock: systemClock, disk, onReady: ready });
  const ended = stopOnSignals(agent, config, io.signals, logger);
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

export async function agentIdOf(folder: string): Promise<string> {
  const path = join(folder, "agent.json");
  const known = await readAgentId(path);
  if (known !== undefined) return known;
  const id = newId();
  await writeFileDurably(path, JSON.stringify({ id }));
  return id;
}

export interface LazyEngine {
  readonly get: () => Promise<Engine>;
  /** The engine, if anybody has needed it. */
  readonly made: () => Promise<Engine | undefined>;
}

/** The engine's libraries are loaded when the first task needs them: an idle agent stays small. */
export function engineOf(config: Config, agentId: string, logger: Logger): LazyEngine {
  let engine: Promise<Engine> | undefined;
  const make = async (): Promise<Engine> => {
    if (config.engine === "process") return (await import("../runner/process/process-engine.ts")).createProcessEngine({ logger });
    const { createDockerEngine } = await import("../runner/docker/docker-engine.ts");
    return await createDockerEngine({ settings: config.runSettings, agentId, stateFolder: config.stateFolder, logger });
  };
  const get = (): Promise<Engine> => {
    engine ??= make().catch((error: unknown) => {
      engine = undefined;
      throw error;
    });
    return engine;
  };
  return { get, made: async () => await engine?.catch(() => undefined) };
}

function stopOnSignals(agent: Agent, config: Config, signals: EventEmitter, logger: Logger): { code(): number } {
  let asked = 0;
  let code = DRAINED;
  const abort = (): void => {
    code = ABORTED;
    agent.abort();
  };
  const onSignal = (signal: string): void => {
    asked++;
    if (asked === 1) {
      logger.info(
        { signal, running: agent.running },
        agent.running === 0 ? "stopping" : "no new tasks; waiting for the running ones (again to stop them)",
      );
      agent.drain();
      setTimeout(abort, Math.min(config.drainDeadlineMs, 2 ** 31 - 1)).unref();
    } else if (asked === 2) {
      logger.warn({ signal, running: agent.running }, "stopping the running tasks (again to leave at once)");
      abort();
    } else process.exit(LEFT);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) signals.on(signal, () => onSignal(signal));
  return { code: () => code };
}
