import { messageOf, WindlassError } from "../../base/errors.ts";
import type { DoctorContext } from "./context.ts";

/** What a check found; what is not well has a cure, a sentence that says what to do. */
export type Finding =
  | { readonly status: "ok"; readonly detail: string }
  | { readonly status: "warn" | "fail"; readonly detail: string; readonly cure: string };

export interface Check {
  readonly id: string;
  /** Checks that must not have failed before. */
  readonly needs?: readonly string[];
  /** Whether it says anything about this configuration; it is left out otherwise. */
  readonly applies?: (context: DoctorContext) => boolean;
  readonly timeoutMs: number;
  readonly look: (context: DoctorContext, signal: AbortSignal) => Promise<Finding>;
}

export interface CheckResult {
  readonly id: string;
  readonly status: Finding["status"] | "skipped";
  readonly detail: string;
  readonly cure?: string;
  readonly tookMs: number;
}

export const ok = (detail: string): Finding => ({ status: "ok", detail });
export const warn = (detail: string, cure: string): Finding => ({ status: "warn", detail, cure });
export const fail = (detail: string, cure: string): Finding => ({ status: "fail", detail, cure });

export interface Examination {
  readonly context: DoctorContext;
  /** Told of each result at once. */
  readonly tell: (result: CheckResult) => void;
  /** Aborted: the check at hand is broken off, the others are not begun. */
  readonly signal: AbortSignal;
}

/** Looks at one thing after the other; what depends on a failure is skipped. */
export async function runChecks(checks: readonly Check[], { context, tell, signal }: Examination): Promise<CheckResult[]> {
  const results = new Map<string, CheckResult>();
  for (const check of checks) {
    if (signal.aborted) break;
    const broken = (check.needs ?? []).find((id) => ["fail", "skipped"].includes(results.get(id)?.status ?? "ok"));
    if (broken === undefined && check.applies?.(context) === false) continue;
    const result = broken === undefined ? await looked(check, context, signal) : skipped(check, broken);
    results.set(check.id, result);
    tell(result);
  }
  return [...results.values()];
}

const skipped = (check: Check, broken: string): CheckResult => ({
  id: check.id,
  status: "skipped",
  detail: `needs ${broken}`,
  tookMs: 0,
});

async function looked(check: Check, context: DoctorContext, signal: AbortSignal): Promise<CheckResult> {
  const started = performance.now();
  const finding = await withinTime(check, context, signal).catch(failureOf);
  return { id: check.id, ...finding, tookMs: Math.round(performance.now() - started) };
}

/** A check may be deaf to its signal (a hanging file system): nobody waits for it longer than its time. */
async function withinTime(check: Check, context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const inTime = AbortSignal.timeout(check.timeoutMs);
  const over = AbortSignal.any([signal, inTime]);
  const { promise: late, resolve } = Promise.withResolvers<Finding>();
  over.addEventListener("abort", () => resolve(signal.aborted ? brokenOff : tooLate(check)), { once: true });
  return await Promise.race([check.look(context, over), late]);
}

const brokenOff = fail("broken off", "Call it again.");

const tooLate = ({ timeoutMs }: Check): Finding =>
  fail(`nothing came back within ${timeoutMs / 1000} s`, "Look why this machine, its network or its engine is so slow.");

function failureOf(error: unknown): Finding {
  const hint = error instanceof WindlassError ? error.hint : undefined;
  return fail(messageOf(error), hint ?? "WINDLASS_DEBUG=1 windlass config shows what the agent works with.");
}
