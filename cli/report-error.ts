import { messageOf, WindlassError } from "../base/errors.ts";

/** What, why, and what to do, on standard error; returns the exit code. */
export function reportError(error: unknown): number {
  const hint = error instanceof WindlassError ? error.hint : undefined;
  process.stderr.write(`windlass: ${messageOf(error)}\n${hint === undefined ? "" : `  ${hint}\n`}`);
  if (!(error instanceof WindlassError) && process.env["WINDLASS_DEBUG"] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return 1;
}
