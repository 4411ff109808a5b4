/** An answer to "why does it not run": what was found, one sentence that concludes, and what to do. */
export interface Finding {
  readonly facts: readonly string[];
  readonly conclusion: string;
  /** Undefined: nothing has to be done. */
  readonly advice: string | undefined;
}

/** The part of a finding that decides. */
export type Verdict = Pick<Finding, "conclusion" | "advice">;

export const verdict = (conclusion: string, advice?: string): Verdict => ({ conclusion, advice });
