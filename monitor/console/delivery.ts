import { eventsThere, MAY_STILL_LAND_MS, untilLanded } from "./arrivals.ts";
import { type Batch, type DeliveryDeps, isTriedEnough } from "./batch.ts";
import { type CallFailure, isRefusal, mayPass, neverArrived, pauseMs } from "./call-failure.ts";
import { sendParts } from "./refused-event.ts";
import { marksFor } from "./refused-lines.ts";

/** A batch that is sent within this time after it was recorded needs no second record: its first timestamp says when. */
const FRESH_MS = 1_000;
/** So often the server may refuse a batch before it is looked for what it refuses. */
const REFUSALS = 5;
/** 413: of a proxy, usually; smaller requests may pass. */
const TOO_LARGE = 413;

/** Lines that the server refuses, and its words. */
interface Refused {
  readonly lines: readonly string[];
  readonly error: unknown;
}

/**
 * Brings one batch of log events to the server exactly once. The server appends whatever it gets, so a doubtful request
 * is never simply repeated: what of it arrived is read back first, for ten seconds, since it may still land.
 *
 * `triedAtMs`: when an earlier process may last have sent this batch; undefined: none has. What the server keeps refusing is
 * left out, with a line that says so in its place. A server that takes nothing is waited for as long as the program runs, and
 * a while after its end. Throws the abort, and what the server then still says.
 */
export async function deliver(batch: Batch, deps: DeliveryDeps, triedAtMs?: number): Promise<void> {
  const lookMs = triedAtMs === undefined ? 0 : mayLandInMs(triedAtMs, deps);
  let missing = triedAtMs === undefined ? batch.lines : await untilLanded(batch, batch.lines, deps, { lookMs });
  for (let rounds = 1; missing.length > 0; rounds++) {
    const refused = await send(batch, missing, deps, REFUSALS);
    if (refused === undefined || (await isSentInHalves(batch, refused, deps))) return;
    const tries = REFUSALS + rounds;
    if (isTriedEnough(deps, tries)) throw refused.error;
    if (rounds === 1) deps.logger.warn({ err: refused.error }, "the server takes nothing of a console; it waits on disk");
    await deps.clock.sleep(pauseMs({}, tries), deps.signal);
    missing = await untilLanded(batch, batch.lines, deps, { lookMs: 0 });
  }
}

/** From a moment that was written down; a clock that was set back does not make it longer. */
function mayLandInMs(triedAtMs: number, { clock }: DeliveryDeps): number {
  return Math.min(triedAtMs - clock.now(), 0) + FRESH_MS + MAY_STILL_LAND_MS;
}

/** Sends until the server has everything, or has refused what is missing `refusals` times. */
async function send(batch: Batch, lines: readonly string[], deps: DeliveryDeps, refusals: number): Promise<Refused | undefined> {
  const { clock, logger, signal, sink } = deps;
  let [missing, left] = [lines, refusals];
  for (let failures = 0; missing.length > 0; failures++) {
    try {
      if (failures > 0 || clock.now() - batch.firstTimestampMs > FRESH_MS) await deps.onTry?.(clock.now());
      await sink.addLines(missing.join("\n"), missing.length, signal);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      const failure = error as CallFailure;
      if (isRefusal(failure)) {
        missing = await untilLanded(batch, missing, deps, { lookMs: MAY_STILL_LAND_MS, expected: failure.added ?? 0 });
        if (--left === 0 || (failure.status === TOO_LARGE && missing.length > 1)) return { lines: missing, error };
      } else if (!mayPass(failure)) throw error;
      logger.debug({ err: error, failures }, "the console waits for the server");
      await clock.sleep(pauseMs(failure, failures), signal);
      if (!isRefusal(failure) && !neverArrived(error)) missing = await untilLanded(batch, missing, deps, { lookMs: MAY_STILL_LAND_MS });
    }
  }
  return undefined;
}

/** Finds out what it is that the server refuses, and sends the rest. False: it takes nothing, whatever is sent. */
async function isSentInHalves(batch: Batch, { lines, error }: Refused, deps: DeliveryDeps): Promise<boolean> {
  const [only] = lines;
  if (only === undefined) return true;
  if (lines.length === 1) return await isSentInParts(batch, only, error, deps);
  const middle = Math.ceil(lines.length / 2);
  for (const half of [lines.slice(0, middle), lines.slice(middle)]) {
    const refused = await send(batch, half, deps, 1);
    if (refused !== undefined && !(await isSentInHalves(batch, refused, deps))) return false;
  }
  return true;
}

/** When not even a line of our own is taken, it is not what was printed that the server minds. */
async function isSentInParts(batch: Batch, event: string, error: unknown, deps: DeliveryDeps): Promise<boolean> {
  const there = await eventsThere(batch, deps);
  const lines = await sendParts(event, there, async (part) => (await send(batch, [part], deps, 1)) === undefined);
  if (lines === 0) return true;
  for (const mark of marksFor(event, lines, error)) {
    if ((await send(batch, [mark], deps, 1)) !== undefined) continue;
    deps.logger.warn({ err: error, lines }, "console lines were left out: the server refuses them");
    return true;
  }
  return false;
}
