import type { EventSink, LogEvent } from "../monitor/event-sink.ts";
import type { Client } from "./client.ts";

const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };

/** Brings a run's events to the server; whoever sends decides about another try. */
export function createEventSink({ events, session }: Client, task: string): EventSink {
  return {
    addLines: (lines, count, signal) => events.addLines(lines, count, { signal, retry: ONCE, timeoutMs: 60_000 }),
    async readLog(fromMs, signal) {
      const found: LogEvent[] = [];
      for (let from = fromMs - 1; ; ) {
        const page = await events.log(task, { fromTimestampMs: from, batchSize: 1000 }, { signal, retry: ONCE });
        const last = page.events.at(-1);
        if (last === undefined) return found;
        found.push(...page.events);
        from = last.timestamp;
      }
    },
    async variantsOf(metric, signal) {
      const { metrics } = await session.call<{ metrics: Record<string, string[]> }>(
        "events.get_scalar_metrics_and_variants",
        { task },
        { signal, retry: ONCE, needs: { metrics: "map" } },
      );
      return metrics[metric] ?? [];
    },
  };
}
