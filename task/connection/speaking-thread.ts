import { workerData } from "node:worker_threads";
import { Events } from "../../api/events.ts";
import { Session } from "../../api/session.ts";
import { messageOf } from "../../base/errors.ts";
import { ONCE } from "../../base/retry.ts";
import type { SpeakingData } from "./speak-in-thread.ts";

/** More lines in one request than a server takes at once. */
const BATCH = 5_000;

const { session: options, words, capMs, state, reason } = workerData as SpeakingData;

/** In the order in which they would have been said; what is refused holds up nothing else. */
async function speak(): Promise<void> {
  const session = new Session(options);
  const events = new Events(session);
  const failures: unknown[] = [];
  const limits = { signal: AbortSignal.timeout(capMs), retry: ONCE };
  const attempt = async (work: () => Promise<unknown>): Promise<void> => void (await work().catch((error) => failures.push(error)));
  for (const { endpoint, body } of words.calls) await attempt(() => session.call(endpoint, body, limits));
  for (let at = 0; at < words.lines.length; at += BATCH) {
    const batch = words.lines.slice(at, at + BATCH);
    await attempt(() => events.addLines(batch.join("\n"), batch.length, limits));
  }
  for (const { endpoint, body } of words.farewell) await attempt(() => session.call(endpoint, body, limits));
  if (failures.length > 0) throw failures[0];
}

function tell(error?: unknown): void {
  const { written } = new TextEncoder().encodeInto(error === undefined ? "" : messageOf(error), reason);
  Atomics.store(state, 1, written);
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
}

speak().then(() => tell(), tell);
