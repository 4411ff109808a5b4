import { CATALOGUE } from "../chaos/catalogue.ts";
import type { EngineName } from "../chaos/result.ts";

/** WINDLASS_CHAOS_SEED draws other faults than those of every day. */
const SEED = Number(process.env["WINDLASS_CHAOS_SEED"] ?? 1);
const MOST_MS = 9 * 60_000;

/** The short forms of these scenarios as tests; `npm run chaos` has the long ones. */
export function chaosCases(names: readonly string[], engine: EngineName): void {
  for (const name of names)
    for (const [at, scenario] of (CATALOGUE[name]?.({ form: "short", seed: SEED, engines: [engine] }) ?? []).entries())
      it(`${name}${at === 0 ? "" : ` (${at + 1})`}: nothing lost, doubled or left (seed ${SEED})`, async function () {
        this.timeout(MOST_MS);
        this.slow(MOST_MS);
        const { faults } = await scenario();
        if (faults.length > 0) throw new Error(faults.join("\n"));
      });
}
