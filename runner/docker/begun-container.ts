import type Docker from "dockerode";
import { systemClock } from "../../base/clock.ts";
import { type RetrySchedule, retry } from "../../base/retry.ts";
import { forgiving, isUncertain, statusOf } from "./connection.ts";
import { RUN_LABEL } from "./container-spec.ts";
import { checkCommand } from "./missing-command.ts";

/** A name is in use before the container that is being made can be seen. */
const NAME_IN_USE_TRIES = 20;
const NAME_IN_USE_MS = 250;
/** Until the engine answers: nothing may be said of a run whose container may live. */
const UNTIL_KNOWN: RetrySchedule = { tries: Infinity, firstDelayMs: 250, factor: 2, maxDelayMs: 5_000 };

/**
 * Makes and starts the container of a run. After a lost answer the engine is asked, as long as it takes, what became of it: a
 * container that was started is the run's, one that was not is removed before the error is thrown. So whoever catches it may
 * begin the run again elsewhere. `onDoubt` is told when that has to be waited for.
 */
export async function begunContainer(
  docker: Docker,
  spec: Docker.ContainerCreateOptions,
  runId: string,
  onDoubt: (error: unknown) => void,
): Promise<Docker.Container> {
  const waits = { schedule: UNTIL_KNOWN, retryable: isUncertain, onRetry: onDoubt };
  const container = await created(docker, spec, runId).catch(async (error: unknown) => {
    if (isUncertain(error)) await retry(() => removeHalfMade(docker, spec.name ?? "", runId), waits);
    throw error;
  });
  try {
    await checkCommand(container);
    await container.start();
  } catch (error) {
    const isRunning = isUncertain(error) && (await retry(() => wasStarted(container), waits));
    if (isRunning) return container;
    await retry(() => forgiving(container.remove({ force: true, v: true }), 404, 409), waits);
    throw error;
  }
  return container;
}

/** An agent that was killed while the engine made the container left it behind, maybe only after it was looked for. */
async function created(docker: Docker, spec: Docker.ContainerCreateOptions, runId: string): Promise<Docker.Container> {
  for (let left = NAME_IN_USE_TRIES; ; left--) {
    try {
      return await docker.createContainer(inBody(spec));
    } catch (error) {
      if (statusOf(error) !== 409 || left === 0) throw error;
      const made = await removeHalfMade(docker, spec.name ?? "", runId);
      if (made === "another's") throw error;
      if (made === "none") await systemClock.sleep(NAME_IN_USE_MS);
    }
  }
}

/** A container of that name that this run made and never started. */
async function removeHalfMade(docker: Docker, name: string, runId: string): Promise<"none" | "removed" | "another's"> {
  const made = await forgiving(docker.getContainer(name).inspect(), 404);
  if (made === undefined) return "none";
  if (made.Config.Labels[RUN_LABEL] !== runId || made.State.Status !== "created") return "another's";
  await forgiving(docker.getContainer(made.Id).remove({ force: true, v: true }), 404, 409);
  return "removed";
}

async function wasStarted(container: Docker.Container): Promise<boolean> {
  const facts = await forgiving(container.inspect(), 404);
  return facts !== undefined && facts.State.Status !== "created";
}

/** dockerode puts a plain specification into the address as well, where it is too long, and the run's token in logs. */
export function inBody(spec: Docker.ContainerCreateOptions): Docker.ContainerCreateOptions {
  const { name, ...body } = spec;
  return { _query: name === undefined ? {} : { name }, _body: body } as Docker.ContainerCreateOptions;
}
