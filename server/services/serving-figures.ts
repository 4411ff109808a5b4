import { ApiFault } from "../api-fault.ts";
import { requiredText, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import type { SqlValue } from "../store/database.ts";
import type { ContainerInfo } from "./serving.ts";
import { metricsHistory } from "./serving-history.ts";

/** What is told about containers that serve models (clearml-services.md 7). */
interface Container extends ContainerInfo {
  readonly id: string;
  readonly registeredMs: number;
  readonly updatedMs: number;
}

/** Those that are not silent for too long. */
function containers(call: Call, condition: string, ...values: readonly SqlValue[]): Container[] {
  const rows = call.db.all<{ id: string; info: string; registered: number; updated: number }>(
    `SELECT id, info, registered, updated FROM serving_containers WHERE company = ? AND expires > ? AND ${condition} ORDER BY registered, id`,
    call.caller.company,
    call.nowMs,
    ...values,
  );
  return rows.map(({ id, info, registered, updated }) => {
    return { ...(JSON.parse(info) as ContainerInfo), id, registeredMs: registered, updatedMs: updated };
  });
}

function loadingInstances(call: Call): object {
  const instances = containers(call, "url IS NULL").map((one) => ({
    id: one.id,
    endpoint: one.endpoint,
    url: null,
    ...modelOf(one),
    uptime_sec: one.uptime_sec,
    age_sec: Math.trunc((call.nowMs - one.registeredMs) / 1000),
    last_update: wireDate(one.updatedMs),
  }));
  return { instances };
}

function modelOf({ model, model_source, model_version, preprocess_artifact, input_type, input_size }: Container): object {
  return { model, model_source, model_version, preprocess_artifact, input_type, input_size };
}

function endpoints(call: Call): object {
  const byUrl = Map.groupBy(containers(call, "url IS NOT NULL"), (one) => one.url);
  return { endpoints: [...byUrl].map(([url, instances]) => endpointOf(url, instances)) };
}

function endpointOf(url: string | null, instances: readonly Container[]): object {
  const [first] = instances;
  const of = (name: "uptime_sec" | "requests" | "requests_min" | "latency_ms"): number[] =>
    instances.map((one) => one[name]).filter((value) => value !== null);
  return {
    endpoint: first?.endpoint,
    model: first?.model,
    url,
    instances: instances.length,
    uptime_sec: of("uptime_sec").length === 0 ? null : largest(of("uptime_sec")),
    requests: sum(of("requests")),
    requests_min: mean(of("requests_min"), 100),
    latency_ms: mean(of("latency_ms"), 1),
    last_update: wireDate(largest(instances.map((one) => one.updatedMs))),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);

function mean(values: readonly number[], parts: number): number | null {
  return values.length === 0 ? null : Math.round((sum(values) / values.length) * parts) / parts;
}

function endpointDetails(call: Call, body: Body): object {
  const url = requiredText(body, "endpoint_url");
  const instances = containers(call, "url = ?", url);
  const [first] = instances;
  if (first === undefined) throw new ApiFault(400, 1052, "No container instances found for serving url", { url });
  return {
    endpoint: first.endpoint,
    url,
    ...modelOf(first),
    uptime_sec: longestUptime(instances),
    last_update: wireDate(largest(instances.map((one) => one.updatedMs))),
    instances: instances.map(instanceOf),
  };
}

/** Of several instances one that has not told it is an error there, and so it is here. */
function longestUptime(instances: readonly Container[]): number | null {
  const told = instances.map((one) => one.uptime_sec).filter((value) => value !== null);
  if (told.length === instances.length) return largest(told);
  if (instances.length === 1) return null;
  throw new ApiFault(500, 0, "'>' not supported between instances of 'int' and 'NoneType'");
}

function instanceOf({ id, uptime_sec, requests, requests_min, latency_ms, updatedMs, reference, cpu_count, gpu_count }: Container): object {
  return { id, uptime_sec, requests, requests_min, latency_ms, last_update: wireDate(updatedMs), reference, cpu_count, gpu_count };
}

export const SERVING_FIGURE_ENDPOINTS: readonly Endpoint[] = [
  read("serving.get_loading_instances", loadingInstances),
  read("serving.get_endpoints", endpoints),
  read("serving.get_endpoint_details", endpointDetails),
  read("serving.get_endpoint_metrics_history", metricsHistory),
];
