import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import type Docker from "dockerode";
import { systemClock } from "../../base/clock.ts";
import type { FigureSource } from "../../monitor/resources/figure-source.ts";
import type { Exit, RunHandle, Running } from "../engine.ts";
import { forgiving, statusOf } from "./connection.ts";
import { containerFigures } from "./container-figures.ts";

type ContainerHandle = Extract<RunHandle, { kind: "container" }>;

/** A container that runs a program. It ends in steps that forgive: gone already, ended already, being removed are all fine. */
export class ContainerRun implements Running {
  readonly handle: ContainerHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #container: Docker.Container;
  readonly #adopted: boolean;
  #ended = false;

  /** `adopted`: an earlier agent process started it, and it may have ended long ago. */
  constructor(container: Docker.Container, handle: ContainerHandle, waited: Promise<{ StatusCode: number }>, adopted = false) {
    this.#adopted = adopted;
    this.#container = container;
    this.handle = handle;
    this.figures = containerFigures(container);
    this.exited = this.#learnExit(waited).finally(() => {
      this.#ended = true;
    });
    this.exited.catch(() => undefined);
  }

  /** SIGTERM to its init, grace, SIGKILL; everything inside the container ends with it. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#ended) await forgiving(this.#container.kill({ signal: "SIGTERM" }), 404, 409);
    const gone = this.exited.then(
      () => true,
      () => true,
    );
    if (await Promise.race([gone, systemClock.sleep(graceMs).then(() => false)])) return;
    await forgiving(this.#container.kill({ signal: "SIGKILL" }), 404, 409);
    await Promise.race([gone, systemClock.sleep(10_000)]);
  }

  async remove(): Promise<void> {
    await forgiving(this.#container.remove({ force: true, v: true }), 404, 409);
  }

  async #learnExit(waited: Promise<{ StatusCode: number }>): Promise<Exit> {
    try {
      const { StatusCode: exitCode } = await waited;
      if (!this.#adopted && exitCode !== 137 && exitCode !== 1) return { exitCode, oomKilled: false };
      return exitOf(await this.#container.inspect());
    } catch (error) {
      if (statusOf(error) === 404) return VANISHED;
      return await this.#lookAgain();
    }
  }

  /** The wait broke off: the engine went down. Once it answers again it says how the container took it. */
  async #lookAgain(): Promise<Exit> {
    for (;;) {
      await systemClock.sleep(LOOK_AGAIN_MS);
      try {
        const facts = await this.#container.inspect();
        if (facts.State.Running) await this.#container.wait();
        else return fellWithEngine(exitOf(facts));
      } catch (error) {
        if (statusOf(error) === 404) return VANISHED;
      }
    }
  }
}

const LOOK_AGAIN_MS = 1_000;
const VANISHED: Exit = { exitCode: 137, oomKilled: false, lost: "killed" };
/** An engine that goes down without live-restore ends its containers with SIGTERM and SIGKILL, or finds them dead later (255). */
const CODES_OF_A_FALL: ReadonlySet<number> = new Set([255, 137, 143]);

function exitOf({ State }: Docker.ContainerInspectInfo): Exit {
  const endedAtMs = Date.parse(State.FinishedAt);
  return { exitCode: State.ExitCode, oomKilled: State.OOMKilled, ...(endedAtMs > 0 ? { endedAtMs } : {}) };
}

function fellWithEngine(exit: Exit): Exit {
  return !exit.oomKilled && CODES_OF_A_FALL.has(exit.exitCode) ? { ...exit, lost: "engine-restart" } : exit;
}

/**
 * For images without a shell: the engine's own log, copied into the console's file, without the first `skip` bytes, which
 * an earlier agent process copied. Resolves when it is complete.
 */
export async function copyLog(docker: Docker, container: Docker.Container, path: string, skip = 0): Promise<void> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const file = createWriteStream(path, { flags: "a" });
  const rest = skipping(skip);
  rest.pipe(file);
  docker.modem.demuxStream(stream, rest, rest);
  await new Promise<void>((resolve) => stream.once("end", resolve).once("error", resolve).once("close", resolve));
  rest.end();
  await once(file, "close");
}

function skipping(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const kept = chunk.subarray(Math.min(left, chunk.length));
      left -= chunk.length - kept.length;
      done(null, kept);
    },
  });
}
