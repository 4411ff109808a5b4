import type Docker from "dockerode";
import { systemClock } from "../../base/clock.ts";
import { type RetrySchedule, retry } from "../../base/retry.ts";
import type { FigureSource } from "../../monitor/resources/figure-source.ts";
import type { Exit, RunHandle, Running } from "../engine.ts";
import { forgiving, isUncertain, statusOf } from "./connection.ts";
import { containerFigures } from "./container-figures.ts";
import { waitForExit } from "./container-wait.ts";
import { isNewEngine } from "./engine-memory.ts";

type ContainerHandle = Extract<RunHandle, { kind: "container" }>;

/** A container that runs a program. It ends in steps that forgive: gone already, ended already, being removed are all fine. */
export class ContainerRun implements Running {
  readonly handle: ContainerHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  readonly #adopted: boolean;
  #ended = false;
  /** By us. */
  #stopped = false;

  /** `logged`: its console is complete. `adopted`: an earlier agent process started it, and it may have ended long ago. */
  constructor(docker: Docker, handle: ContainerHandle, logged: Promise<void>, adopted = false) {
    const container = docker.getContainer(handle.containerId);
    this.#adopted = adopted;
    this.#docker = docker;
    this.#container = container;
    this.handle = handle;
    this.figures = containerFigures(container);
    const learned = this.#learnExit().finally(() => {
      this.#ended = true;
    });
    this.exited = Promise.all([learned, logged]).then(([exit]) => exit);
    this.exited.catch(() => undefined);
  }

  /** SIGTERM to its init, grace, SIGKILL; everything inside the container ends with it. An engine that is away is waited for. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    await this.#signal("SIGTERM");
    const gone = this.exited.then(
      () => true,
      () => true,
    );
    if (await Promise.race([gone, systemClock.sleep(graceMs).then(() => false)])) return;
    await this.#signal("SIGKILL");
    await Promise.race([gone, systemClock.sleep(10_000)]);
  }

  /** Again and again until the engine has taken it or the program has ended: a stop that is forgotten is none. */
  async #signal(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const kill = async (): Promise<void> => {
      if (!this.#ended) await forgiving(this.#container.kill({ signal }), 404, 409);
    };
    await retry(kill, { schedule: UNTIL_TAKEN, retryable: isUncertain });
  }

  /** An engine that is down is waited for: a container that is left behind would stay for ever. */
  async remove(): Promise<void> {
    const remove = (): Promise<void> => forgiving(this.#container.remove({ force: true, v: true }), 404, 409);
    const untilMs = performance.now() + REMOVAL_MS;
    const retryable = (error: unknown): boolean => isUncertain(error) && performance.now() < untilMs;
    await retry(remove, { schedule: REMOVAL, retryable });
  }

  /** A wait that breaks off is begun again, as soon as the engine answers. */
  async #learnExit(): Promise<Exit> {
    for (let broke = false; ; broke = true) {
      try {
        return (broke ? await this.#endMeanwhile() : undefined) ?? (await this.#end(broke));
      } catch (error) {
        if (statusOf(error) === 404) return VANISHED;
      }
      await systemClock.sleep(LOOK_AGAIN_MS);
    }
  }

  /** How it ended while nobody could see it. Undefined: it runs, so that the engine's fall, if there was one, is survived. */
  async #endMeanwhile(): Promise<Exit | undefined> {
    const facts = await this.#container.inspect();
    return facts.State.Running ? undefined : await this.#judged(facts, true);
  }

  async #end(broke: boolean): Promise<Exit> {
    const exitCode = await waitForExit(this.#container);
    if (!this.#adopted && !broke && exitCode !== 1 && !CODES_OF_A_FALL.has(exitCode)) return { exitCode, oomKilled: false };
    const facts = await this.#container.inspect();
    if (facts.State.Running) return { exitCode, oomKilled: false, lost: "killed" };
    const isGone = this.#mayBeFall(exitOf(facts)) && (await this.#engineIsGone());
    return isGone || this.#adopted ? await this.#judged(facts, isGone) : exitOf(facts);
  }

  /** A code of a fall is the engine's, unless it is still the same engine; where it cannot tell, `unsure` holds. */
  async #judged(facts: Docker.ContainerInspectInfo, unsure: boolean): Promise<Exit> {
    const exit = exitOf(facts);
    if (!this.#mayBeFall(exit)) return exit;
    const isNew = await retry(() => isNewEngine(this.#docker, facts), { schedule: COMES_BACK, retryable: () => true }).catch(() => unsure);
    return (isNew ?? unsure) ? { ...exit, lost: "engine-restart" } : exit;
  }

  #mayBeFall({ oomKilled, exitCode }: Exit): boolean {
    return !this.#stopped && !oomKilled && CODES_OF_A_FALL.has(exitCode);
  }

  /** An engine that goes down ends its containers and is gone moments later. */
  async #engineIsGone(): Promise<boolean> {
    for (
      const deadlineMs = performance.now() + GOES_DOWN_WITHIN_MS;
      performance.now() < deadlineMs;
      await systemClock.sleep(GOES_DOWN_WITHIN_MS / 10)
    ) {
      const isGone = await this.#container.inspect().then(
        () => false,
        (error: unknown) => statusOf(error) === undefined,
      );
      if (isGone) return true;
    }
    return false;
  }
}

const LOOK_AGAIN_MS = 1_000;
const GOES_DOWN_WITHIN_MS = 2_500;
/** About half a minute: one that stays away has gone down. */
const COMES_BACK: RetrySchedule = { tries: 10, firstDelayMs: 500, factor: 2, maxDelayMs: 5_000 };
const UNTIL_TAKEN: RetrySchedule = { tries: Infinity, firstDelayMs: 250, factor: 2, maxDelayMs: 2_000 };
const REMOVAL_MS = 600_000;
const REMOVAL: RetrySchedule = { tries: Infinity, firstDelayMs: 500, factor: 2, maxDelayMs: 5_000 };
const VANISHED: Exit = { exitCode: 137, oomKilled: false, lost: "killed" };
/** An engine that goes down without live-restore ends its containers with SIGTERM and SIGKILL, or finds them dead later (255). */
const CODES_OF_A_FALL: ReadonlySet<number> = new Set([255, 137, 143]);

function exitOf({ State }: Docker.ContainerInspectInfo): Exit {
  const endedAtMs = Date.parse(State.FinishedAt);
  return { exitCode: State.ExitCode, oomKilled: State.OOMKilled, ...(endedAtMs > 0 ? { endedAtMs } : {}) };
}
