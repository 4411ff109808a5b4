import type { EventEmitter } from "node:events";
import { Cancelled } from "../base/cancelled.ts";
import type { Logger } from "../base/logger.ts";
import type { Agent } from "./agent.ts";
import type { Config } from "./config.ts";
import { type StopReason, stopReason } from "./service/stop-reason.ts";

/** Exit codes of the daemon. */
export const DRAINED = 0;
export const ABORTED = 2;
export const LEFT = 3;

export interface SignalParts {
  readonly agent: Agent;
  readonly config: () => Config;
  readonly signals: EventEmitter;
  readonly logger: Logger;
  /** Reads the configuration anew and applies it; `newer`: somebody wants it read once more, so the server need not be waited for. */
  readonly reload: (newer: AbortSignal) => Promise<void>;
}

/**
 * The signal contract. First SIGTERM or SIGINT: no new tasks, the running ones may finish, until the drain deadline. Second:
 * they are stopped with grace. Third: the agent leaves at once, and the next one of its state folder goes on with them.
 * A service manager's SIGTERM for a restart or a shutdown is like the third. SIGHUP: the configuration is read again. SIGUSR2:
 * pause, and again: resume. The answer tells the exit code, and drains as the first SIGTERM does, without being counted as one.
 */
export function obeySignals(parts: SignalParts): { code(): number; drain(): void } {
  const { agent, signals, logger } = parts;
  const stop = new StopLadder(parts);
  signals.on("unhandledRejection", (error: unknown) => logger.error({ err: error }, "a fault of the agent itself; it goes on"));
  for (const signal of ["SIGTERM", "SIGINT"]) signals.on(signal, () => stop.step(signal));
  const reload = oneAtATime((newer) =>
    parts.reload(newer).then(
      () => logger.info("the configuration was read again"),
      (error: unknown) => {
        if (error instanceof Cancelled) return;
        logger.error({ err: error }, "the configuration was read again and is wrong; the old one stays");
      },
    ),
  );
  signals.on("SIGHUP", reload);
  signals.on("SIGUSR2", () => {
    const isPaused = agent.snapshot().state === "paused";
    logger.info(isPaused ? "resumed" : "paused: no new tasks, running ones go on (SIGUSR2 again to resume)");
    if (isPaused) agent.resume();
    else agent.pause();
  });
  return { code: () => stop.code, drain: () => stop.drain("windlass drain") };
}

/** Asked for again while it works, it is told so, and works once more afterwards, however often it was asked. */
function oneAtATime(work: (newer: AbortSignal) => Promise<void>): () => void {
  let isWorking = false;
  let newer = new AbortController();
  const begin = async (): Promise<void> => {
    isWorking = true;
    do {
      newer = new AbortController();
      await work(newer.signal);
    } while (newer.signal.aborted);
    isWorking = false;
  };
  return () => {
    if (isWorking) newer.abort(new Cancelled("agent-stopping", "the configuration is read once more"));
    else void begin();
  };
}

const MAX_TIMER_MS = 2 ** 31 - 1;

class StopLadder {
  readonly #parts: SignalParts;
  #asked = 0;
  #timer: NodeJS.Timeout | undefined;
  code = DRAINED;

  constructor(parts: SignalParts) {
    this.#parts = parts;
  }

  step(signal: string): void {
    this.#asked++;
    if (this.#asked === 1) this.#drainOrLeave(signal);
    else if (this.#asked === 2) this.#abortUnlessDecided(signal);
    else this.#leave(`${signal}: leaving; the next agent of this state folder goes on with what runs`);
  }

  #abortUnlessDecided(signal: string): void {
    if (this.#isDecided)
      this.#parts.logger.warn(`${signal}: what becomes of the running tasks is decided already (again to leave at once)`);
    else this.#abort(`${signal}: stopping the running tasks (again to leave at once)`);
  }

  #drainOrLeave(signal: string): void {
    this.drain(signal);
    void stopReason().then((reason) => this.#leaveIfRestarted(reason));
  }

  drain(signal: string): void {
    const { agent, logger, config } = this.#parts;
    const running = agent.running;
    logger.info({ signal, running }, running === 0 ? "stopping" : "no new tasks; waiting for the running ones (again to stop them)");
    agent.drain();
    this.#timer ??= setTimeout(() => this.#deadline(), Math.min(config().drainDeadlineMs, MAX_TIMER_MS)).unref();
  }

  /** A restart of the service must not wait for runs, and a machine that goes down does not: they are the next agent's. */
  #leaveIfRestarted(reason: StopReason | undefined): void {
    if (this.#isDecided) return;
    if (reason === "restart") this.#leave("the service is restarted: leaving the running tasks to the next agent");
    if (reason === "shutdown") this.#leave("the machine goes down: leaving the running tasks to the next agent");
  }

  #deadline(): void {
    if (this.#isDecided) return;
    const action = this.#parts.config().drainAction;
    if (action === "leave") this.#leave("the drain deadline is over: leaving the running tasks to the next agent");
    else if (action === "hand-back") this.#abort("the drain deadline is over: handing the running tasks back", action);
    else this.#abort("the drain deadline is over: stopping the running tasks");
  }

  /** What becomes of the running tasks is decided once; only a person who wants the agent to leave may change that. */
  get #isDecided(): boolean {
    return this.code !== DRAINED;
  }

  #abort(why: string, then?: "hand-back"): void {
    this.#parts.logger.warn({ running: this.#parts.agent.running }, why);
    this.code = ABORTED;
    this.#parts.agent.abort(then);
  }

  #leave(why: string): void {
    this.#parts.logger.warn({ running: this.#parts.agent.running }, why);
    this.code = LEFT;
    this.#parts.agent.leave();
  }
}
