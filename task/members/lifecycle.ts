import { once } from "node:events";
import { inspect } from "node:util";
import { unlessAborted } from "../../base/cancelled.ts";
import { messageOf } from "../../base/errors.ts";
import { QUICK } from "../../base/retry.ts";
import type { Call } from "../connection/connection.ts";
import { COMPLETED, type End } from "../ending/end.ts";
import type { EndingListener } from "../ending/watch-ending.ts";
import { programRuntime } from "../program/machine.ts";
import { programRequirements } from "../program/requirements.ts";
import { programScript } from "../program/script.ts";
import { Recording } from "../recording.ts";
import { tellsItsOwnEnd } from "../remote.ts";
import type { MonitorTiming } from "../resources.ts";
import { tell } from "../tell.ts";
import { ModelTask } from "./models.ts";

export interface RecordOptions {
  /** What the program prints comes to the task's console: both streams by default. */
  readonly autoConnectStreams?: boolean | { readonly stdout?: boolean; readonly stderr?: boolean };
  /** Figures of machine and GPUs every half minute; true by default. */
  readonly autoResourceMonitoring?: boolean;
}

/** How long a process that ends may be held up by a server that does not take what is left, in ms. */
const AT_QUIET_END_MS = 10_000;
const AT_SIGNAL_MS = 5_000;
const AT_EXIT_MS = 3_000;

/** The task of a running program, from its start to its end. */
export class LifecycleTask extends ModelTask {
  #recording: Recording | undefined;
  #prepared: Promise<unknown> = Promise.resolve();
  /** What is being said of the end; undefined while the program runs. */
  #end: End | undefined;
  #isOver = false;

  /** Sends what was reported and recorded so far. */
  override async flush({ signal }: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    return await unlessAborted(super.flush(), signal);
  }

  /** Flushes everything and ends the task, as completed unless it ended otherwise; the program goes on without it. */
  async close({ timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.finish(COMPLETED, timeoutMs);
  }

  protected override get capturesStdout(): boolean {
    return this.#recording?.capturesStdout === true;
  }

  /** Resolves when the code of the program is recorded. */
  protected async described(): Promise<void> {
    await this.#prepared;
  }

  /** Called once, by `Task.init`. */
  protected record(options: RecordOptions, monitor: MonitorTiming): void {
    const streams = options.autoConnectStreams ?? true;
    const both = typeof streams === "boolean" ? { stdout: streams, stderr: streams } : { stdout: true, stderr: true, ...streams };
    const own = tellsItsOwnEnd() ? { streams: both, status: () => this.known.status, onAbort: () => this.#abort() } : undefined;
    this.#recording = new Recording({
      ...{ task: this.id, connection: this.connection, own, ending: this.#ending() },
      onText: (level, text) => this.consoleLines.add(level, text),
      monitor: options.autoResourceMonitoring === false || this.connection.isOffline ? undefined : monitor,
      iteration: () => this.reportedIteration,
      report: (title, series, iter, value) => this.sendFigure(title, series, iter, value),
    });
    this.#prepared = this.#describeProgram().catch(() => undefined);
  }

  /** Says how the task ended, once all the rest is said; a server that does not take it in time is given up, and that is told. */
  protected async finish(end: End, capMs: number): Promise<void> {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#recording?.stop();
    const { patience } = this.sending;
    // Nothing else may keep the process alive meanwhile: what is under way does not.
    const cap = setTimeout(() => patience.end(), capMs);
    try {
      await Promise.race([this.#prepared.then(async () => await this.flush()), once(patience.signal, "abort")]);
      for (const { endpoint, body } of this.#farewell(end))
        if (!patience.isOver) await this.connection.call(endpoint, body, { retry: QUICK, signal: patience.signal });
    } catch (error) {
      if (!patience.isOver) tell(`the task's end could not be told (${messageOf(error)})`);
    } finally {
      clearTimeout(cap);
      if (patience.isOver)
        tell(
          `the server did not take everything in ${capMs / 1000} s: ${this.sending.events.waiting.length} events are lost, or how the task ended`,
        );
      patience.end();
      this.#isOver = true;
      this.#recording?.release();
    }
  }

  /** The same at once, for a process that does not wait, not even for an end that is being told. */
  protected finishNow(end: End): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end ??= end;
    this.#recording?.release();
    this.consoleLines.flush();
    const { outbox, events, patience } = this.sending;
    patience.end();
    const words = { calls: outbox.waiting, lines: events.waiting, farewell: this.#farewell(this.#end) };
    if (Object.values(words).every((some) => some.length === 0)) return;
    const failure = this.connection.sayLastWords(words, AT_EXIT_MS);
    if (failure !== undefined) tell(`the task's end could not be told (${failure})`);
  }

  #ending(): EndingListener {
    return {
      quietly: async (end) => await this.finish(end, AT_QUIET_END_MS),
      bySignal: async (end) => await this.finish(end, AT_SIGNAL_MS),
      now: (end) => this.finishNow(end),
      uncaught: (error) => tellsItsOwnEnd() && this.consoleLines.add("error", `${inspect(error)}\n`),
    };
  }

  /** Nothing under an agent, which says it itself, and nothing when somebody has said it already. */
  #farewell({ call, reason }: End): Call[] {
    if (!tellsItsOwnEnd() || this.known.status !== "in_progress") return [];
    const task = this.id;
    const publish = call === "completed" ? { publish: this.known.runtime?.["_publish_on_complete"] === true } : {};
    const progress: Call[] =
      call === "completed"
        ? [{ endpoint: "tasks.edit", body: { task, force: true, runtime: { ...this.known.runtime, progress: "100" } } }]
        : [];
    return [...progress, { endpoint: `tasks.${call}`, body: { task, force: false, status_reason: reason, ...publish } }];
  }

  /** Somebody stopped the task: its program is told by a signal, as an agent tells it, and may have its say. */
  #abort(): void {
    tell("the task was stopped on the server: the program gets SIGTERM");
    const end = { endpoint: "tasks.stopped", body: { task: this.id, force: true, status_reason: "USER ABORTED" } };
    this.sending.outbox.add(end.endpoint, end.body);
    this.known = { ...this.known, status: "stopped" };
    process.kill(process.pid, "SIGTERM");
  }

  /** Machine, code and packages of the program; in the background, since git and the disk take their time. */
  async #describeProgram(): Promise<void> {
    const { outbox } = this.sending;
    this.known = { ...this.known, runtime: { ...this.known.runtime, ...programRuntime() } };
    outbox.add("tasks.edit", { task: this.id, force: true, runtime: this.known.runtime });
    if (!tellsItsOwnEnd() || (this.known.script?.entry_point ?? "") !== "") return;
    const [script, requirements] = await Promise.all([programScript(), programRequirements()]);
    this.recordPart("script", script);
    outbox.add("tasks.set_requirements", { task: this.id, requirements });
    this.knowPart("script", { requirements });
  }
}
