import { abort, abortCallback } from "./abort.ts";
import { answers, EVERY_ENDPOINT, EVERY_POINT, someOf } from "./answers.ts";
import { claims } from "./claims.ts";
import { crash } from "./crash.ts";
import { infrastructure } from "./infrastructure.ts";
import { network } from "./network.ts";
import { restarts } from "./restarts.ts";
import { ENGINES, type EngineName, type Result } from "./result.ts";
import { signals } from "./signals.ts";

export type Form = "full" | "short";

export interface Choice {
  readonly form: Form;
  readonly seed: number;
  /** Those that this machine has. */
  readonly engines: readonly EngineName[];
}

type Runs = (() => Promise<Result>)[];
type Scenario = (choice: Choice) => Runs;

const MINUTE_MS = 60_000;

const perEngine = ({ engines }: Choice, make: (engine: EngineName) => Promise<Result>): Runs =>
  ENGINES.filter((engine) => engines.includes(engine)).map((engine) => () => make(engine));

/** The scenarios by name, each with its numbers for the full and for the short form. */
export const CATALOGUE: Readonly<Record<string, Scenario>> = {
  crash(choice) {
    const full = { runs: 300, slots: 4, withinMs: 40 * MINUTE_MS };
    const short = { runs: 12, slots: 3, withinMs: 3 * MINUTE_MS };
    return perEngine(choice, (engine) => crash({ engine, seed: choice.seed, ...{ full, short }[choice.form] }));
  },
  network(choice) {
    const full = { runs: 100, slots: 3, outages: 9, outageMs: MINUTE_MS, withinMs: 30 * MINUTE_MS };
    const short = { runs: 8, slots: 4, outages: 1, outageMs: MINUTE_MS, withinMs: 8 * MINUTE_MS };
    return perEngine(choice, (engine) => network({ engine, seed: choice.seed, ...{ full, short }[choice.form] }));
  },
  claims(choice) {
    const full = { claims: 5000, agents: 4, slots: 8, lostAnswers: 0.01, withinMs: 20 * MINUTE_MS };
    const short = { claims: 150, agents: 4, slots: 4, lostAnswers: 0.02, withinMs: 2 * MINUTE_MS };
    return [false, true].map((plainClearml) => () => claims({ plainClearml, seed: choice.seed, ...{ full, short }[choice.form] }));
  },
  abort: (choice) => perEngine(choice, (engine) => abort({ engine, seed: choice.seed, times: choice.form === "full" ? 3 : 1 })),
  callback: (choice) => perEngine(choice, (engine) => abortCallback({ engine, seed: choice.seed })),
  restarts: (choice) => perEngine(choice, (engine) => restarts({ engine, seed: choice.seed, restarts: choice.form === "full" ? 20 : 5 })),
  answers(choice) {
    const full = { points: EVERY_POINT, endpoints: EVERY_ENDPOINT };
    const short = someOf(choice.seed);
    return perEngine(choice, (engine) => answers({ engine, seed: choice.seed, ...{ full, short }[choice.form] }));
  },
  signals: (choice) => perEngine(choice, (engine) => signals({ engine, seed: choice.seed })),
  infrastructure: (choice) =>
    perEngine(choice, (engine) => infrastructure({ engine, seed: choice.seed, awayMs: choice.form === "full" ? 20_000 : 5_000 })),
};
