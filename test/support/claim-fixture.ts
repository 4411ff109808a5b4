import { type ClaimDeps, type Claimed, claim } from "../../agent/claim.ts";
import { type ClaimRecord, Journal } from "../../agent/journal.ts";
import { settle } from "../../agent/settle.ts";
import { Events } from "../../api/events.ts";
import { Queues } from "../../api/queues.ts";
import { Session } from "../../api/session.ts";
import { Tasks } from "../../api/tasks.ts";
import type { QueueId, TaskId } from "../../api/wire/ids.ts";
import { Workers } from "../../api/workers.ts";
import { silentLogger } from "../../base/logger.ts";
import { ApiServer, type Call, type Reply } from "./api-server.ts";
import { temporaryFolder } from "./folder.ts";
import { JumpingClock } from "./jumping-clock.ts";

export const QUEUE = "q".repeat(32) as QueueId;
export const TASK = "7".repeat(32) as TaskId;
const NEVER = new AbortController().signal;

/** A server with one queue that has one task; `fate` may lose the answer of a taking, before or after it is carried out. */
class OneTaskServer {
  entries: string[] = ["another", TASK];
  task: Record<string, unknown> | undefined = { id: TASK, status: "queued", status_message: "" };
  fate: (take: () => Reply) => Reply = (take) => take();

  readonly answer = ({ endpoint, body }: Call): Reply => {
    switch (endpoint) {
      case "queues.remove_task":
        return this.fate(() => this.#take(String(body["task"])));
      case "tasks.get_by_id":
        return this.task === undefined ? { code: 400, subcode: 101 } : { data: { task: this.task } };
      case "queues.get_all":
        return { data: { queues: [{ id: QUEUE, name: "default", entries: this.entries.map((task) => ({ task })) }] } };
      case "queues.add_task":
        return this.#add(String(body["task"]));
      case "queues.move_task_to_front":
        this.entries = [TASK, ...this.entries.filter((entry) => entry !== TASK)];
        return { data: { position: 0 } };
      case "tasks.started":
      case "tasks.enqueue":
        return { data: { updated: 1 } };
      default:
        return { code: 400 };
    }
  };

  #take(task: string): Reply {
    if (!this.entries.includes(task)) return { code: 400, subcode: 703 };
    this.entries = this.entries.filter((entry) => entry !== task);
    return { data: { removed: 1 } };
  }

  #add(task: string): Reply {
    if (this.entries.includes(task)) return { code: 400, subcode: 706 };
    this.entries.push(task);
    return { data: { added: 1 } };
  }
}

/** What claims need, on a server with one task and a clock that jumps. */
export class ClaimFixture {
  readonly model = new OneTaskServer();
  readonly clock = new JumpingClock();
  readonly http: ApiServer;
  readonly deps: ClaimDeps;

  private constructor(http: (model: OneTaskServer) => ApiServer, journal: Journal) {
    this.http = http(this.model);
    const session = new Session({ apiServer: this.http.url, credentials: { token: "t" } });
    const client = {
      session,
      tasks: new Tasks(session),
      queues: new Queues(session),
      workers: new Workers(session),
      events: new Events(session),
    };
    this.deps = { client, journal, logger: silentLogger, clock: this.clock };
  }

  static async create(): Promise<ClaimFixture> {
    const journal = await Journal.open(await temporaryFolder());
    let model: OneTaskServer | undefined;
    const http = await ApiServer.start((call) => model?.answer(call) ?? { code: 500 });
    return new ClaimFixture((its) => {
      model = its;
      return http;
    }, journal);
  }

  async claim(): Promise<Claimed | undefined> {
    const result = await claim({ id: QUEUE, name: "default" }, { task: TASK, added: "2026-01-01T00:00:00+00:00" }, "host:0", this.deps);
    return result !== "lost" && "claimed" in result ? result.claimed : undefined;
  }

  async intents(): Promise<ClaimRecord[]> {
    return await this.deps.journal.records(silentLogger);
  }

  /** What the agent does with each intent that is left, now or after a crash. */
  async settle(): Promise<void> {
    for (const record of await this.intents()) await settle(record, this.deps, NEVER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http[Symbol.asyncDispose]();
  }
}
