import { type End, endOf, stoppedBy } from "./end.ts";

/** Told about the end of the process, each at most once. */
export interface EndingListener {
  /** There is nothing left to do: the process ends when this resolves. */
  quietly(end: End): Promise<void>;
  /** A signal that nobody else handles will end the process when this resolves. */
  bySignal(end: End): Promise<void>;
  /** The process ends when this returns, whatever it started. */
  now(end: End): void;
  /** An error that nobody caught; the process may still go on if the program says so. */
  uncaught(error: unknown): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Listens to the ways in which a process ends, and changes none of them. Returns how to stop listening. */
export function watchEnding(listener: EndingListener): () => void {
  let error: unknown;
  let signal: NodeJS.Signals | undefined;
  const onError = (thrown: unknown): void => {
    error = thrown ?? new Error(String(thrown));
    listener.uncaught(thrown);
  };
  const onQuiet = (code: number): void => void listener.quietly(endOf(code, undefined, signal));
  const onExit = (code: number): void => listener.now(endOf(code, error, signal));
  const onSignal = (name: NodeJS.Signals): void => {
    const isSecond = signal !== undefined;
    signal = name;
    // A program that handles it decides itself what becomes of it.
    if (process.listenerCount(name) > 1) return;
    const passOn = (): void => {
      stop();
      process.kill(process.pid, name);
    };
    if (isSecond) passOn();
    else void listener.bySignal(stoppedBy(name)).finally(passOn);
  };
  const stop = (): void => {
    process.off("uncaughtExceptionMonitor", onError).off("beforeExit", onQuiet).off("exit", onExit);
    for (const name of SIGNALS) process.off(name, onSignal);
  };
  process.on("uncaughtExceptionMonitor", onError).on("beforeExit", onQuiet).on("exit", onExit);
  for (const name of SIGNALS) process.on(name, onSignal);
  return stop;
}
