import type { ScalarEvent } from "../../api/wire/event.ts";
import { tell } from "../tell.ts";
import {
  type Axes,
  type Figure,
  histogramFigure,
  matrixFigure,
  scatter2dFigure,
  scatter3dFigure,
  surfaceFigure,
  type TableRow,
  tableFigure,
} from "./figures.ts";
import type { ImageContent } from "./image-name.ts";

export interface Series {
  /** Of the plot. */
  readonly title: string;
  /** Of the curve in it. */
  readonly series: string;
  /** Where on the x-axis; 0 by default. */
  readonly iteration?: number;
}

export type LogLevel = "debug" | "info" | "warning" | "error" | "critical";

/** What a logger needs of its task. */
export interface LoggerTask {
  readonly id: string;
  readonly worker: string;
  /** Added to each iteration. */
  readonly offset: () => number;
  readonly send: (event: object) => void;
  /** A text for the console of the task; false: an agent shows what the program prints. */
  readonly log: (level: LogLevel, text: string, isPrinted: boolean) => void;
  /** Stores a file in the background and sends the event with its address. */
  readonly sendImage: (series: Required<Series>, image: ImageContent) => void;
  readonly flush: () => Promise<boolean>;
}

/** The iteration of a value that has none (task-class.md E2). */
const NO_ITERATION = -(2 ** 31);

/** Reports of a program to its task: each call puts a line into a queue that is sent in the background, and throws nothing of the server's. */
export class Logger {
  readonly #task: LoggerTask;
  #isOddTold = false;

  constructor(task: LoggerTask) {
    this.#task = task;
  }

  /** One point of a curve. What is no finite number is told once and becomes 0, as with the official SDK. */
  reportScalar({ title, series, iteration = 0, value }: Series & { readonly value: number }): void {
    this.#scalar(title, series, this.#at(iteration), value);
  }

  /** A value without a curve, e.g. the result of the whole task. */
  reportSingleValue(name: string, value: number): void {
    this.#scalar("Summary", name, NO_ITERATION, value);
  }

  /** A text for the console of the task, printed, too, unless said otherwise. */
  reportText(
    text: string,
    { level = "info", printConsole = true }: { readonly level?: LogLevel; readonly printConsole?: boolean } = {},
  ): void {
    this.#task.log(level, text, printConsole);
  }

  /** Bars: one list of heights, or several beside or on each other. */
  reportHistogram(
    options: Series &
      Axes & {
        readonly values: readonly number[] | readonly (readonly number[])[];
        readonly labels?: readonly string[];
        readonly xlabels?: readonly (string | number)[];
        readonly mode?: "group" | "stack" | "relative";
      },
  ): void {
    this.#plot(options, histogramFigure(options.title, options.series, options.values, options));
  }

  /** The same bars under the name that the official SDK has for them. */
  reportVector(options: Series & Axes & { readonly values: readonly number[]; readonly xlabels?: readonly (string | number)[] }): void {
    this.reportHistogram(options);
  }

  /** Rows as records, or lists of cells of which the first is the head. */
  reportTable(options: Series & { readonly rows: readonly TableRow[]; readonly layout?: object }): void {
    this.#plot(options, tableFigure(options.title, options.rows, options.layout));
  }

  reportScatter2d(
    options: Series &
      Axes & {
        readonly points: readonly (readonly [number, number])[];
        readonly mode?: "lines" | "markers" | "lines+markers";
        readonly labels?: readonly string[];
      },
  ): void {
    this.#plot(options, scatter2dFigure(options.title, options.series, options.points, options));
  }

  reportScatter3d(
    options: Series &
      Axes & { readonly points: readonly (readonly [number, number, number])[]; readonly mode?: "lines" | "markers" | "lines+markers" },
  ): void {
    this.#plot(options, scatter3dFigure(options.title, options.series, options.points, options));
  }

  reportConfusionMatrix(
    options: Series &
      Axes & {
        readonly matrix: readonly (readonly number[])[];
        readonly xlabels?: readonly string[];
        readonly ylabels?: readonly string[];
      },
  ): void {
    this.#plot(options, matrixFigure(options.title, options.series, options.matrix, options));
  }

  reportSurface(options: Series & Axes & { readonly matrix: readonly (readonly number[])[] }): void {
    this.#plot(options, surfaceFigure(options.title, options.series, options.matrix, options));
  }

  /** Any figure of Plotly, as an object of `data` and `layout`. */
  reportPlotly(options: Series & { readonly figure: Figure }): void {
    this.#plot(options, options.figure);
  }

  /** A picture: the path of a file, or its bytes with their kind (`png`, `jpeg`, `svg` …). It is stored in the background. */
  reportImage({ title, series, iteration = 0, ...image }: Series & ImageContent): void {
    this.#task.sendImage({ title, series, iteration: this.#at(iteration) }, image);
  }

  /** The same for sound, film and pages. */
  reportMedia(options: Series & ImageContent): void {
    this.reportImage(options);
  }

  /** Sends what was reported so far. */
  async flush(): Promise<boolean> {
    return await this.#task.flush();
  }

  #at(iteration: number): number {
    return Math.trunc(iteration) + this.#task.offset();
  }

  #scalar(metric: string, variant: string, iter: number, value: number): void {
    const { id: task, worker } = this.#task;
    const isNumber = Number.isFinite(value);
    if (!isNumber && !this.#isOddTold)
      tell(`${metric}/${variant} is ${value} at ${iter}, which no server takes: 0 is reported in its place`);
    this.#isOddTold ||= !isNumber;
    const event: ScalarEvent = {
      type: "training_stats_scalar",
      ...{ task, worker, metric, variant, iter },
      timestamp: Date.now(),
      value: isNumber ? value : 0,
    };
    this.#task.send(event);
  }

  #plot({ title, series, iteration = 0 }: Series, figure: Figure): void {
    const { id: task, worker } = this.#task;
    const at = { iter: this.#at(iteration), metric: title, variant: series };
    this.#task.send({ type: "plot", task, worker, timestamp: Date.now(), ...at, plot_str: JSON.stringify(figure) });
  }
}
