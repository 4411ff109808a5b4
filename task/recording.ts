import type { TaskStatus } from "../api/wire/task-types.ts";
import { watchForAbort } from "./abort-watch.ts";
import type { Connection } from "./connection/connection.ts";
import { captureStreams } from "./console/capture.ts";
import { type EndingListener, watchEnding } from "./ending/watch-ending.ts";
import { type MonitorTiming, monitorResources } from "./resources.ts";

export interface RecordingOptions {
  readonly task: string;
  readonly connection: Connection;
  /** Without these the streams, the abort and the end are an agent's. */
  readonly own:
    | {
        readonly streams: { readonly stdout: boolean; readonly stderr: boolean };
        readonly status: () => TaskStatus;
        /** Somebody stopped the task on the server. */
        readonly onAbort: () => void;
      }
    | undefined;
  readonly ending: EndingListener;
  readonly onText: (level: "info" | "error", text: string) => void;
  readonly monitor: MonitorTiming | undefined;
  readonly iteration: () => number | undefined;
  readonly report: (title: string, series: string, iteration: number, value: number) => void;
}

/** What goes on beside a program as long as its task records it. */
export class Recording {
  readonly #undo: (() => void)[] = [];
  readonly #unwatch: () => void;
  readonly #over = new AbortController();
  readonly capturesStdout: boolean;

  constructor(options: RecordingOptions) {
    const { own, monitor, iteration, report, connection, task, onText, ending } = options;
    const { signal } = this.#over;
    this.capturesStdout = own?.streams.stdout === true;
    this.#unwatch = watchEnding(ending);
    if (own !== undefined) this.#undo.push(captureStreams({ ...own.streams, onText }));
    if (monitor !== undefined) void monitorResources({ timing: monitor, iteration, report, signal });
    if (own !== undefined && !connection.isOffline)
      void watchForAbort({ connection, task, ownStatus: own.status, signal }).then((isAborted) => isAborted && own.onAbort());
  }

  /** Only the end of the process is still watched. */
  stop(): void {
    this.#over.abort();
    for (const undo of this.#undo.splice(0)) undo();
  }

  /** The program is by itself again. */
  release(): void {
    this.stop();
    this.#unwatch();
  }
}
