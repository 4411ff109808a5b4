import type { EventEmitter } from "node:events";
import { systemClock } from "../base/clock.ts";
import { WindlassError } from "../base/errors.ts";
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
import { planSlots } from "./slots.ts";
import { openStateFolder } from "./state-folder.ts";
import { WorkerNames } from "./worker-names.ts";

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
  const settings = new LiveSettings(config, io, logger);
  const { agent, onReady } = await buildAgent(settings, logger, stack);
  const service = startServiceNotify(agent, { logger, heartbeatMs: () => settings.now.heartbeatMs });
  stack.defer(() => service.stopping());
  onReady(() => {
    service.ready();
    io.onReady?.();
  });
  const reload = async (newer: AbortSignal): Promise<void> => {
    service.reloading();
    await settings
      .readAgain()
      .then((fresh) => agent.reload(fresh, newer))
      .finally(() => service.ready());
  };
  const ended = obeySignals({ agent, config: () => settings.now, signals: io.signals, logger, reload });
  stack.use(await openOutside(agent, ended.drain, () => settings.now, logger));
  await agent.run();
  return ended.code();
}

/** The configuration as it is now: SIGHUP has it read again. */
class LiveSettings {
  now: Config;
  readonly #io: DaemonIo;
  readonly #logger: Logger;

  constructor(config: Config, io: DaemonIo, logger: Logger) {
    this.now = config;
    this.#io = io;
    this.#logger = logger;
  }

  async readAgain(): Promise<Config> {
    if (this.#io.reloadConfig === undefined)
      throw new WindlassError("this agent cannot read its configuration again", { code: "no-reload" });
    this.now = reloaded(this.now, await this.#io.reloadConfig(), this.#logger);
    return this.now;
  }
}

interface Built {
  readonly agent: Agent;
  /** Says whom to tell that the agent is registered and waits for work. */
  readonly onReady: (tell: () => void) => void;
}

async function buildAgent(settings: LiveSettings, logger: Logger, stack: AsyncDisposableStack): Promise<Built> {
  const config = settings.now;
  const agentId = await openStateFolder(config.stateFolder, stack, logger);
  const names = stack.use(new WorkerNames(config.server.api));
  const plan = await planSlots(config, names);
  const client = createClient(config, logger);
  const journal = await Journal.open(config.stateFolder);
  const engines = new Engines(config, agentId, journal, logger);
  stack.defer(() => engines.close());
  await checkSharedState(config, engines, logger);
  startJanitor(config, client, logger, stack);
  const host = new HostProbe(config.gpus);
  const usesDocker = (): boolean => engines.isMade("docker");
  const disk = diskGuardOf(() => settings.now, agentId, usesDocker, logger);
  let tell: (() => void) | undefined;
  const onReady = (): void => {
    const { queues, slots, engine, stateFolder: state } = config;
    const workers = plan.map(({ worker }) => worker);
    logger.info({ server: config.server.api, workers, queues, slots, engine, state }, "ready, waiting for tasks");
    tell?.();
  };
  const agent = new Agent({ config, client, journal, agentId, engines, host, logger, clock: systemClock, disk, names, plan, onReady });
  return { agent, onReady: (told) => void (tell = told) };
}
