import type { EventEmitter } from "node:events";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isRefusal } from "../api/api-error.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { Cancelled } from "../base/cancelled.ts";
import { systemClock } from "../base/clock.ts";
import { WindlassError } from "../base/errors.ts";
import { ensurePrivateFolder } from "../base/files.ts";
import { newId } from "../base/ids.ts";
import { createLogger, type Logger } from "../base/logger.ts";
import { ownIdentity } from "../base/process-identity.ts";
import { exitCodeOf } from "../runner/outcome.ts";
import { agentIdOf, idIn } from "./agent-identity.ts";
import { type Client, createClient } from "./client.ts";
import type { Config } from "./config.ts";
import { Engines, engineNow } from "./engines.ts";
import { type ClaimRecord, Journal } from "./journal.ts";
import { RunWatch } from "./run-watch.ts";
import { planSlots } from "./slots.ts";
import { carryOut } from "./task-run.ts";
import { WorkerNames } from "./worker-names.ts";

export interface ExecuteIo {
  readonly signals: EventEmitter;
  /** The task's console, as it comes. */
  readonly write: (chunk: Buffer) => void;
  readonly logger?: Logger;
}

/**
 * Runs one task here and now, whatever queue it is in; its console also goes to `io.write`. SIGTERM and SIGINT stop it.
 * Returns the exit code: the program's own where there is one.
 */
export async function runExecute(config: Config, id: string, io: ExecuteIo): Promise<number> {
  const logger = io.logger ?? createLogger({ level: config.log.level, format: config.log.format });
  const client = createClient(config, logger);
  await ensurePrivateFolder(config.stateFolder);
  const agentId = (await idIn(config.stateFolder)) ?? (await agentIdOf(config.stateFolder, logger));
  const journal = await Journal.open(config.stateFolder);
  const task = await taskToRun(client, id as TaskId);
  await using names = new WorkerNames(config.server.api);
  const [slot] = await planSlots({ ...config, slots: 1, name: `${config.name}:execute` }, names);
  const record: ClaimRecord = {
    claim: newId(),
    task: task.id,
    queue: undefined,
    queueName: undefined,
    worker: slot?.worker ?? config.name,
    server: client.session.apiServer,
    ...engineNow(config),
    intentAt: Date.now(),
    stage: "started",
    owner: await ownIdentity(),
  };
  await journal.write(record);
  if (task.status === "queued") await client.tasks.dequeue(task.id, { new_status: "in_progress" });
  await client.tasks.setStatus("started", task.id, {
    reason: `started by windlass ${record.worker}`,
    message: `claim ${record.claim}`,
    force: true,
  });
  await client.workers.report({ worker: record.worker, timestamp: Date.now(), task: task.id });
  const over = new AbortController();
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"]) io.signals.on(signal, () => stop.abort(new Cancelled("agent-stopping")));
  const watch = new RunWatch(client.tasks, logger, systemClock);
  const watched = watch.add(record);
  const watching = watch.run(over.signal);
  const following = follow(join(config.stateFolder, "runs", record.claim, "console.log"), io.write, over.signal);
  const beat = setInterval(
    () => void client.workers.report({ worker: record.worker, timestamp: Date.now(), task: task.id }).catch(() => undefined),
    config.heartbeatMs,
  );
  const engines = new Engines(config, agentId, journal, logger);
  try {
    const outcome = await carryOut(
      {
        record,
        task,
        gpus: slot?.gpus ?? "all",
        waitedMs: undefined,
        signal: AbortSignal.any([watched.signal, stop.signal]),
        isStopping: watched.isStopping,
        leave: new AbortController().signal,
      },
      { config, client, journal, engines, agentId, logger },
    );
    return exitCodeOf(outcome);
  } finally {
    clearInterval(beat);
    over.abort();
    await Promise.all([watching, following]);
    await engines.close();
    await client.workers.unregister(record.worker, []).catch(() => undefined);
  }
}

async function taskToRun(client: Client, id: TaskId): Promise<Task> {
  try {
    return await client.tasks.get(id);
  } catch (error) {
    if (isRefusal(error, 101))
      throw new WindlassError(`the server has no task ${id}`, { code: "no-such-task", hint: "windlass tasks lists them." });
    throw error;
  }
}

/** Everything that is appended to a file, until it is over and read to its end. */
async function follow(path: string, write: (chunk: Buffer) => void, over: AbortSignal): Promise<void> {
  for (let from = 0; ; ) {
    const last = over.aborted;
    try {
      for await (const chunk of createReadStream(path, { start: from })) {
        write(chunk as Buffer);
        from += (chunk as Buffer).length;
      }
    } catch {
      // The file is made when the run begins.
    }
    if (last) return;
    await pause(50, undefined, { signal: over }).catch(() => undefined);
  }
}
