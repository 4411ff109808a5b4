import { messageOf, WindlassError } from "../base/errors.ts";

/** Exit code for flags that are wrong: EX_USAGE of sysexits.h. */
export const USAGE = 64;

/** Throw it for a mistake in the flags: the exit code is 64, the sentence names flag, value, and the valid form. */
export function usageError(message: string, hint = "windlass COMMAND --help says more."): WindlassError {
  return new WindlassError(message, { code: "usage", hint });
}

/** What, why, and what to do, on standard error; `about`: which of several it was. Returns the exit code. */
export function reportError(error: unknown, about?: string): number {
  const hint = error instanceof WindlassError ? error.hint : undefined;
  const what = about === undefined ? "" : `${about}: `;
  process.stderr.write(`windlass: ${what}${messageOf(error)}\n${hint === undefined ? "" : `  ${hint}\n`}`);
  if (!(error instanceof WindlassError) && process.env["WINDLASS_DEBUG"] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return error instanceof WindlassError && ["usage", "unsupported-flag"].includes(error.code) ? USAGE : 1;
}
