import { Counter, Gauge, Registry } from "prom-client";
import type { Answer } from "../control/http-window.ts";
import type { AgentControl, AgentSnapshot, AgentState } from "../control.ts";

export interface MetricsSources {
  readonly version: string;
  readonly lagMs: () => number;
  readonly now: () => number;
}

type Labels = Readonly<Record<string, string>>;
type Reading = readonly { readonly labels?: Labels; readonly value: number | undefined }[];
/** What a metric shows at this moment. */
type Read = (snapshot: AgentSnapshot) => Reading | number | undefined;

interface Metric {
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: Read;
}

const STATES: readonly AgentState[] = ["starting", "running", "paused", "draining"];

/** The agent's figures in Prometheus' text: read from one snapshot when they are asked for, nothing is kept in between. */
export class Metrics {
  readonly #agent: AgentControl;
  readonly #registry = new Registry();
  readonly #fill: ((snapshot: AgentSnapshot) => void)[];

  constructor(agent: AgentControl, sources: MetricsSources) {
    this.#agent = agent;
    this.#fill = metricsOf(sources).map((metric) => this.#register(metric));
  }

  async text(): Promise<Answer> {
    const snapshot = this.#agent.snapshot();
    for (const fill of this.#fill) fill(snapshot);
    return { status: 200, body: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #register({ kind, name, help, labels = [], read }: Metric): (snapshot: AgentSnapshot) => void {
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    const metric = kind === "counter" ? new Counter(options) : new Gauge(options);
    return (snapshot) => {
      metric.reset();
      const found = read(snapshot);
      for (const { labels: own = {}, value } of typeof found === "object" ? found : [{ value: found }]) {
        if (value === undefined) metric.remove(own);
        else metric.inc(own, value);
      }
    };
  }
}

function metricsOf(sources: MetricsSources): Metric[] {
  return [...stateMetrics(sources), ...workMetrics(sources), ...counterMetrics(), ...processMetrics(sources)];
}

const seconds = (ms: number): number => Math.max(ms, 0) / 1000;

function stateMetrics({ version, now }: MetricsSources): Metric[] {
  const build = [{ labels: { version, node: process.versions.node }, value: 1 }];
  return [
    gauge("build_info", "Version of Windlass and of Node; always 1.", () => build, ["version", "node"]),
    gauge(
      "state",
      "1 for the state that the agent is in: starting, running, paused or draining.",
      ({ state }) => STATES.map((each) => ({ labels: { state: each }, value: each === state ? 1 : 0 })),
      ["state"],
    ),
    gauge(
      "claiming",
      "1 while the agent takes tasks as soon as a slot is free; 0 while it is starting, paused, draining or held back by its disk.",
      (s) => (s.state === "running" && s.notClaiming === undefined ? 1 : 0),
    ),
    gauge("server_contact_age_seconds", "Seconds since the server last answered; absent before its first answer.", ({ server }) =>
      server.lastContactAt === undefined ? undefined : seconds(now() - server.lastContactAt),
    ),
  ];
}

function workMetrics({ now }: MetricsSources): Metric[] {
  const oldest = (snapshot: AgentSnapshot): number => Math.min(now(), ...snapshot.outbox.map((entry) => entry.since));
  return [
    gauge("slots", "Tasks that the agent can run at a time.", ({ slots }) => slots.length),
    gauge(
      "jobs_running",
      "Tasks that occupy a slot, in any phase from claim to report.",
      ({ slots }) => slots.filter(({ run }) => run).length,
    ),
    gauge(
      "outbox_jobs",
      "Tasks that have ended here and whose console or outcome is not on the server yet.",
      ({ outbox }) => outbox.length,
    ),
    gauge("outbox_oldest_seconds", "Age of the oldest of these; 0 when there is none.", (s) => seconds(now() - oldest(s))),
  ];
}

function counterMetrics(): Metric[] {
  const count = (
    name: string,
    help: string,
    read: (counters: AgentSnapshot["counters"]) => Reading | number,
    labels?: readonly string[],
  ): Metric => ({
    kind: "counter",
    name: `windlass_${name}_total`,
    help,
    read: ({ counters }) => read(counters),
    ...(labels === undefined ? {} : { labels }),
  });
  return [
    count(
      "jobs",
      "Tasks that ended, by cause: completed, failed/exit-code, aborted/user, …",
      (c) => labelled("cause", c.outcomes, Number),
      ["cause"],
    ),
    count("queue_wait_seconds", "Seconds that the claimed tasks had waited in their queues, added up.", (c) => c.waitedSec.sum),
    count(
      "queue_waits",
      "Claimed tasks whose waiting time is known; the mean is queue_wait_seconds / queue_waits.",
      (c) => c.waitedSec.count,
    ),
    count("phase_seconds", "Seconds that runs spent in each phase, added up.", (c) => labelled("phase", c.phaseSec, (one) => one.sum), [
      "phase",
    ]),
    count(
      "phases",
      "Runs that went through each phase; the mean is phase_seconds / phases.",
      (c) => labelled("phase", c.phaseSec, (one) => one.count),
      ["phase"],
    ),
    count("claims", "Tasks taken off a queue.", (c) => c.claims),
    count("claims_lost", "Tasks that another agent took first.", (c) => c.claimsLost),
    count("claims_in_doubt", "Claims whose answer was lost, so that they had to be settled.", (c) => c.claimsInDoubt),
    count("handed_back", "Tasks put back into their queue without having run.", (c) => c.handedBack),
    count("adopted", "Runs taken over from an earlier process of this agent.", (c) => c.adopted),
    count("environment_hits", "Runs whose environment was there already.", (c) => c.environmentHits),
    count("environments_built", "Environments (images, virtual environments) built.", (c) => c.environmentsBuilt),
  ];
}

function processMetrics({ lagMs }: MetricsSources): Metric[] {
  const cpu = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  return [
    gauge("event_loop_lag_seconds", "How late timers of the agent were at worst in the last ten seconds.", () => seconds(lagMs())),
    {
      kind: "gauge",
      name: "process_start_time_seconds",
      help: "When the agent started, in seconds since the epoch.",
      read: (s) => s.startedAt / 1000,
    },
    {
      kind: "gauge",
      name: "process_resident_memory_bytes",
      help: "Memory of the agent's own process.",
      read: () => process.memoryUsage.rss(),
    },
    { kind: "counter", name: "process_cpu_seconds_total", help: "CPU time of the agent's own process.", read: cpu },
  ];
}

function gauge(name: string, help: string, read: Read, labels?: readonly string[]): Metric {
  return { kind: "gauge", name: `windlass_${name}`, help, read, ...(labels === undefined ? {} : { labels }) };
}

function labelled<T>(name: string, values: Readonly<Record<string, T | undefined>>, read: (value: T) => number): Reading {
  return Object.entries(values).map(([label, value]) => ({ labels: { [name]: label }, value: value === undefined ? 0 : read(value) }));
}
