import { createClient } from "../../agent/client.ts";
import { janitorPass, LEAST_EVERY_MS, type PassReport } from "../../agent/janitor/janitor.ts";
import { loadConfig } from "../../agent/load-config.ts";
import { systemClock } from "../../base/clock.ts";
import { WindlassError } from "../../base/errors.ts";
import { parseDurationMs } from "../../base/units.ts";
import { reportError } from "../report-error.ts";

export interface JanitorFlags {
  readonly config?: string;
  readonly state?: string;
  readonly every?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** One pass, or with `--every` passes until it is stopped; a failing pass then only says so. */
export async function janitorCommand(flags: JanitorFlags): Promise<number> {
  const everyMs = flags.every === undefined ? undefined : parseDurationMs(flags.every);
  if (everyMs !== undefined && everyMs < LEAST_EVERY_MS)
    throw new WindlassError("--every is at least 1s", { code: "bad-flag", hint: "A pass reads all queued tasks: every 10m is enough." });
  const { config } = await loadConfig({ config: flags.config, state: flags.state }, process.env);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(new Error("stopped")));
  const { stateFolder } = config;
  const deps = { client: createClient(config), server: config.server.api, stateFolder, clock: systemClock, signal: stop.signal };
  const look = async (): Promise<void> => show(await janitorPass(deps, flags.dryRun === true), flags.json === true);
  if (everyMs === undefined) await look();
  while (everyMs !== undefined && !stop.signal.aborted) {
    await look().catch((error: unknown) => stop.signal.aborted || reportError(error));
    await systemClock.sleep(everyMs, stop.signal).catch(() => undefined);
  }
  return 0;
}

function show({ queued, lost }: PassReport, asJson: boolean): void {
  if (asJson) return void process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), queued, lost })}\n`);
  process.stdout.write(`${queued} tasks are queued, ${lost.length} of them in no queue\n`);
  for (const { task, name, verdict, why } of lost) process.stdout.write(`${task}  ${name}: ${verdict} (${why})\n`);
}
