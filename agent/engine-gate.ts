import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Config } from "./config.ts";

/** What an answer is worth: in a burst of claims the engine is not asked for each. */
const GOOD_FOR_MS = 5_000;
/** Between two looks at an engine that does not answer. */
const AGAIN_MS = 5_000;

/**
 * Whether the engine, in which runs are begun, answers: while it does not, no task is claimed, since every one would only
 * fail and use up its tries. It is asked when somebody wants to know, never by a timer: an idle agent stays idle.
 */
export class EngineGate {
  readonly #config: () => Config;
  readonly #clock: Clock;
  readonly #fault: typeof engineFault;
  #known: { readonly fault: string | undefined; readonly address: string | undefined; readonly untilMs: number } | undefined;

  constructor(config: () => Config, clock: Clock, fault = engineFault) {
    this.#config = config;
    this.#clock = clock;
    this.#fault = fault;
  }

  /** Why nothing may be claimed, as a sentence; undefined when the engine answers, or none is needed. */
  async refusal(): Promise<string | undefined> {
    const { engine, runSettings } = this.#config();
    if (engine !== "docker") return undefined;
    const address = runSettings.docker.host;
    const known = this.#known;
    if (known !== undefined && known.address === address && known.untilMs > this.#clock.monotonic()) return known.fault;
    const fault = await this.#fault(address);
    this.#known = { fault, address, untilMs: this.#clock.monotonic() + (fault === undefined ? GOOD_FOR_MS : AGAIN_MS) };
    return fault;
  }
}

async function engineFault(host: string | undefined): Promise<string | undefined> {
  const { engineFault: ask } = await import("../runner/docker/ping.ts");
  const error = await ask(host);
  return error === undefined ? undefined : `${messageOf(error)}. ${error.hint ?? ""}`.trim();
}
