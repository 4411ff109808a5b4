import type { CallOptions, Session } from "./session.ts";
import type { WorkerInfo, WorkerReport } from "./wire/worker.ts";

/** `workers.*` (clearml-api.md 6). */
export class Workers {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** `timeoutSec`: the server forgets a worker that is silent for so long. */
  async register(worker: string, queues: readonly string[], timeoutSec = 600, options?: CallOptions): Promise<void> {
    await this.#session.call("workers.register", { worker, queues, timeout: timeoutSec }, options);
  }

  async unregister(worker: string, queues: readonly string[], options?: CallOptions): Promise<void> {
    await this.#session.call("workers.unregister", { worker, queues }, options);
  }

  async report(report: WorkerReport, options?: CallOptions): Promise<void> {
    await this.#session.call("workers.status_report", report, options);
  }

  async all(lastSeenSec = 3600, options?: CallOptions): Promise<WorkerInfo[]> {
    const data = await this.#session.call<{ workers: WorkerInfo[] }>(
      "workers.get_all",
      { last_seen: lastSeenSec },
      { ...options, needs: { workers: "list" } },
    );
    return data.workers;
  }
}
