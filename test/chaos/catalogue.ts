import { crash } from "./crash.ts";
import { ENGINES, type EngineName, type Result } from "./result.ts";

export type Form = "full" | "short";

export interface Choice {
  readonly form: Form;
  readonly seed: number;
  /** Those that this machine has. */
  readonly engines: readonly EngineName[];
}

const MINUTE_MS = 60_000;

type Scenario = (choice: Choice) => (() => Promise<Result>)[];

const perEngine = ({ engines }: Choice, make: (engine: EngineName) => () => Promise<Result>): (() => Promise<Result>)[] =>
  ENGINES.filter((engine) => engines.includes(engine)).map(make);

/** The scenarios by name, each with its numbers for the full and for the short form. */
export const CATALOGUE: Readonly<Record<string, Scenario>> = {
  crash: (choice) => {
    const size = { full: { runs: 300, slots: 4, withinMs: 40 * MINUTE_MS }, short: { runs: 12, slots: 3, withinMs: 3 * MINUTE_MS } };
    return perEngine(choice, (engine) => () => crash({ engine, seed: choice.seed, ...size[choice.form] }));
  },
};
