import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { EventLoopLag } from "../../base/event-loop-lag.ts";
import type { Logger } from "../../base/logger.ts";
import { FewConnections } from "../control/few-connections.ts";
import { type Answer, type Answering, createWindow, refusal } from "../control/http-window.ts";
import type { AgentControl } from "../control.ts";
import { limitsFor, livenessOf, readinessOf } from "../liveness.ts";

export interface HealthPortOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly version: string;
  /** How often the heartbeat goes. */
  readonly heartbeatMs: () => number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface HealthPort extends AsyncDisposable {
  /** Where it listens; undefined while the port is taken by another program. */
  address(): AddressInfo | undefined;
}

const AGAIN_MS = 10_000;

/**
 * `/healthz` (restart me when this says 503), `/readyz` (send work when this says 200) and `/metrics` (Prometheus). A port that
 * is taken is one warning and tried again: an agent that works is worth more than its figures.
 */
export async function openHealthPort(agent: AgentControl, options: HealthPortOptions): Promise<HealthPort> {
  const { clock = systemClock, logger } = options;
  const lag = new EventLoopLag();
  const { Metrics } = await import("./metrics.ts");
  const metrics = new Metrics(agent, { version: options.version, lagMs: () => lag.ms, now: clock.now });
  const alive = (): string | undefined => livenessOf(agent.snapshot(), lag.ms, clock.now(), limitsFor(options.heartbeatMs()));
  const connections = new FewConnections();
  const server = createWindow(healthRequests(agent, alive, metrics), logger).on("connection", (socket) => connections.take(socket));
  const over = new AbortController();
  await tryListen(server, options, true).then((listens) => {
    if (!listens) void keepTrying(server, options, clock, over.signal);
  });
  return {
    address: () => (server.listening ? (server.address() as AddressInfo) : undefined),
    async [Symbol.asyncDispose]() {
      over.abort();
      lag[Symbol.dispose]();
      server.close();
      connections.end();
    },
  };
}

function healthRequests(agent: AgentControl, alive: () => string | undefined, metrics: { text(): Promise<Answer> }): Answering {
  return async ({ method, path }) => {
    if (method !== "GET") return refusal(405, `${path.slice(0, 100)} is asked with GET`);
    if (path === "/healthz") return verdict(alive());
    if (path === "/readyz") return verdict(readinessOf(agent.snapshot()));
    if (path === "/metrics") return await metrics.text();
    return refusal(404, "there are /healthz, /readyz and /metrics");
  };
}

const verdict = (why: string | undefined): Answer => ({ status: why === undefined ? 200 : 503, body: `${why ?? "ok"}\n` });

async function tryListen(server: Server, { host, port, logger }: HealthPortOptions, tell: boolean): Promise<boolean> {
  try {
    const listening = once(server, "listening");
    server.listen(port, host);
    await listening;
    server.unref();
    logger.info({ host, port: (server.address() as AddressInfo).port }, "health and metrics");
    return true;
  } catch (error) {
    if (tell) logger.warn({ err: error, why: messageOf(error) }, `no health and metrics on ${host}:${port}; trying again`);
    return false;
  }
}

async function keepTrying(server: Server, options: HealthPortOptions, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let listens = false; !listens && !signal.aborted; ) {
    await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    if (!signal.aborted) listens = await tryListen(server, options, false);
  }
}
