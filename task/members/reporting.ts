import { hostname } from "node:os";
import type { LogEvent } from "../../api/wire/event.ts";
import { variable } from "../connection/settings.ts";
import { LogLines } from "../console/log-lines.ts";
import { type ImageContent, ImageNames } from "../logger/image-name.ts";
import { Logger, type LogLevel, type Series } from "../logger/logger.ts";
import { runsRemotely, tellsItsOwnEnd } from "../remote.ts";
import { partOf } from "../storage/stored-paths.ts";
import { StorageTask } from "./storage.ts";

/** What is on its way to the server, read-only. */
export interface Reports {
  /** Events that the server has not acknowledged yet. */
  readonly waiting: number;
  flush(): Promise<boolean>;
}

export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface LastValues {
  readonly last: number;
  readonly min: number;
  readonly max: number;
}

/** Reporting to a task, and reading what was reported. */
export class ReportingTask extends StorageTask {
  #logger: Logger | undefined;
  #lines: LogLines | undefined;
  #offset = 0;
  #highest = 0;
  #hasReported = false;
  readonly #imageNames = new ImageNames();

  /** The task's own logger; always the same. */
  getLogger(): Logger {
    this.#logger ??= new Logger({
      id: this.id,
      worker: WORKER,
      offset: () => this.#offset,
      send: (event) => this.send(event),
      log: (level, text, isPrinted) => this.#log(level, text, isPrinted),
      sendImage: (series, image) => this.#sendImage(series, image),
      flush: async () => await this.flush(),
    });
    return this.#logger;
  }

  get logger(): Logger {
    return this.getLogger();
  }

  get metricsManager(): Reports {
    const { events } = this.sending;
    const flush = async (): Promise<boolean> => await this.flush();
    return {
      get waiting() {
        return events.waiting.length;
      },
      flush,
    };
  }

  /** Sends console, events and images that were reported so far. */
  override async flush(): Promise<boolean> {
    this.consoleLines.flush();
    return await super.flush();
  }

  /** All curves of the task: title → series. At most `maxSamples` points each, 5,000 by default. */
  async getReportedScalars({
    maxSamples = 0,
    xAxis = "iter",
  }: {
    readonly maxSamples?: number;
    readonly xAxis?: "iter" | "timestamp" | "iso_time";
  } = {}): Promise<Record<string, Record<string, Curve>>> {
    const samples = maxSamples > 0 ? { samples: maxSamples } : {};
    return await this.ask("events.scalar_metrics_iter_histogram", { task: this.id, key: xAxis, ...samples, model_events: false });
  }

  /** Last, least and greatest value of each curve: title → series. */
  async getLastScalarMetrics(): Promise<Record<string, Record<string, LastValues>>> {
    await this.reload();
    const all: Record<string, Record<string, LastValues>> = {};
    for (const variants of Object.values(this.known.last_metrics ?? {}))
      for (const { metric, variant, value, min_value, max_value } of Object.values(variants))
        (all[metric] ??= {})[variant] = { last: value, min: min_value, max: max_value };
    return all;
  }

  /** Values without a curve, by name. */
  async getReportedSingleValues(): Promise<Record<string, number>> {
    const { tasks } = await this.ask<{ tasks: { values: { variant: string; value: number }[] }[] }>(
      "events.get_task_single_value_metrics",
      {
        tasks: [this.id],
      },
    );
    return Object.fromEntries(tasks.flatMap(({ values }) => values.map(({ variant, value }) => [variant, value])));
  }

  /** The highest iteration that the server or this process knows. */
  async getLastIteration(): Promise<number> {
    const query = { id: [this.id], only_fields: ["last_iteration"], search_hidden: true };
    const { tasks } = await this.ask<{ tasks: { last_iteration?: number | null }[] }>("tasks.get_all", query);
    return Math.max(tasks[0]?.last_iteration ?? 0, this.#highest);
  }

  /** What is added to each iteration that is reported. */
  getInitialIteration(): number {
    return this.#offset;
  }

  setInitialIteration(offset: number): number {
    this.#offset = Math.trunc(offset);
    return this.#offset;
  }

  /** The last so many events of the console, oldest first; each may hold many lines. */
  async getReportedConsoleOutput(numberOfReports = 1): Promise<string[]> {
    const query = { task: this.id, batch_size: numberOfReports, navigate_earlier: true, order: "asc" };
    const { events } = await this.ask<{ events: { msg: string }[] }>("events.get_task_log", query);
    return events.map(({ msg }) => msg);
  }

  /** Address of the task's console in the web app. */
  getOutputLogWebPage(): string {
    return `${this.connection.hosts.web}/projects/${this.project ?? "*"}/experiments/${this.id}/output/log`;
  }

  /** Undefined: none yet. */
  protected get reportedIteration(): number | undefined {
    return this.#hasReported ? this.#highest : undefined;
  }

  /** A figure of the machine; it moves no iteration. */
  protected sendFigure(metric: string, variant: string, iter: number, value: number): void {
    const head = { type: "training_stats_scalar", task: this.id, worker: WORKER, timestamp: Date.now() };
    this.sending.events.add({ ...head, metric, variant, iter, value });
  }

  /** An event of this task on its way to the server. */
  protected send(event: object): void {
    const { iter } = event as { iter?: number };
    if (iter !== undefined && iter >= 0) this.#hasReported = true;
    if (iter !== undefined && iter > this.#highest) this.#highest = iter;
    this.sending.events.add(event);
  }

  protected get consoleLines(): LogLines {
    this.#lines ??= new LogLines({ task: this.id, worker: WORKER, send: (event: LogEvent) => this.sending.events.add(event) });
    return this.#lines;
  }

  #log(level: LogLevel, text: string, isPrinted: boolean): void {
    const isShownByAgent = runsRemotely(this.id) && !tellsItsOwnEnd();
    if (isPrinted) process.stdout.write(`${text}\n`);
    if (isPrinted && (isShownByAgent || this.capturesStdout)) return;
    if (isShownByAgent && (level === "debug" || level === "info")) return;
    this.consoleLines.add(level, `${text}\n`);
  }

  /** Whether what the program prints comes to the console by itself. */
  protected get capturesStdout(): boolean {
    return false;
  }

  #sendImage({ title, series, iteration }: Required<Series>, image: ImageContent): void {
    const path = `metrics/${partOf(title)}/${partOf(series)}/${partOf(this.#imageNames.next(title, series, image))}`;
    const stored = this.storeFile(path, "path" in image ? image.path : image.bytes).then(async (url) =>
      this.send({
        type: "training_debug_image",
        ...{ task: this.id, worker: WORKER, timestamp: Date.now(), iter: iteration, metric: title, variant: series },
        ...{ key: `${await this.filesFolder()}/${path}`, url },
      }),
    );
    this.inBackground(stored, `the image ${title}/${series}`);
  }
}

const WORKER = variable("WORKER_NAME") ?? hostname();
