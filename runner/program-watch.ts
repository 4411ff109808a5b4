import { cancelReasonOf } from "../base/cancelled.ts";
import { startFigures } from "../monitor/resources/figures.ts";
import type { Exit, RunContext, Running } from "./engine.ts";
import type { RunDeps } from "./run-request.ts";
import { startLimit } from "./time-limit.ts";

export interface WatchOptions {
  readonly context: RunContext;
  readonly deps: RunDeps;
  /** When the program was started, maybe by an agent that is no more. */
  readonly startedAtMs: number;
  readonly limitMs: number | undefined;
  /** Aborted when the time limit is over; part of the context's signal. */
  readonly limit: AbortController;
  readonly onError: (error: unknown) => void;
}

/** Waits for the program's end while figures go up; an abort comes down as SIGTERM, a grace period, SIGKILL, and throws its reason. */
export async function watchProgram(running: Running, options: WatchOptions): Promise<Exit> {
  const { signal } = options.context;
  const { graceMs } = options.deps.settings.run;
  const timer = startLimit(options.limitMs, options.startedAtMs, options.limit);
  const figures = figuresOf(running, options);
  const stop = (): void => void told(running, options, graceMs).catch(options.onError);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const exit = await running.exited;
    if (signal.aborted) await running.stop(graceMs);
    signal.throwIfAborted();
    return exit;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    void figures.stop();
  }
}

/** It is written down first why, so that the next agent knows it when this one does not see the end. */
async function told(running: Running, { context, deps, onError }: WatchOptions, graceMs: number): Promise<void> {
  const { reason, message } = cancelReasonOf(context.signal);
  await deps.observer.stopping({ reason, message, atMs: Date.now() }).catch(onError);
  await running.stop(graceMs);
}

function figuresOf(running: Running, { context, deps, startedAtMs }: WatchOptions): { stop(): Promise<void> } {
  const { task, worker } = context;
  const { host, logger, observer } = deps;
  return startFigures({ task: task.id, worker, source: running.figures, host, sink: observer.sink, startedAtMs, logger });
}
