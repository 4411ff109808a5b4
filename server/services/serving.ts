import { ApiFault } from "../api-fault.ts";
import { integerOf, mapListOf, mapOf, numberOf, requiredText, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { figuresOf } from "./serving-points.ts";

/**
 * Containers that serve models (clearml-services.md 7): they register, report, and are forgotten when they stay silent for
 * their timeout. Who asks sees them in serving-figures.ts.
 */
const TIMEOUT_SEC = 600;
const KEPT_MS = 30 * 86_400_000;
/** Old points that one report takes away: more than the one that it adds. */
const SWEPT = 100;

/** The container as it told of itself, with what it reported last. */
export interface ContainerInfo {
  readonly endpoint: string;
  readonly model: string;
  readonly url: string | null;
  readonly model_source: string | null;
  readonly model_version: string | null;
  readonly preprocess_artifact: string | null;
  readonly input_type: string | null;
  readonly input_size: string | null;
  readonly reference: readonly Document[];
  readonly uptime_sec: number | null;
  readonly requests: number | null;
  readonly requests_min: number | null;
  readonly latency_ms: number | null;
  readonly cpu_count: number | null;
  readonly gpu_count: number | null;
}

function infoOf(body: Body): ContainerInfo {
  const text = (name: string): string | null => textOf(body, name) ?? null;
  const stats = mapOf(body, "machine_stats") ?? {};
  const count = (name: string): number | null => (Array.isArray(stats[name]) ? stats[name].length : null);
  return {
    endpoint: requiredText(body, "endpoint_name"),
    model: requiredText(body, "model_name"),
    url: text("endpoint_url"),
    model_source: text("model_source"),
    model_version: text("model_version"),
    preprocess_artifact: text("preprocess_artifact"),
    input_type: text("input_type"),
    input_size: text("input_size"),
    reference: mapListOf(body, "reference") ?? [],
    uptime_sec: integerOf(body, "uptime_sec") ?? null,
    requests: integerOf(body, "requests_num") ?? null,
    requests_min: numberOf(body, "requests_min") ?? null,
    latency_ms: integerOf(body, "latency_ms") ?? null,
    cpu_count: count("cpu_usage"),
    gpu_count: count("gpu_usage"),
  };
}

function register(call: Call, body: Body): object {
  save(call, body, call.nowMs, integerOf(body, "timeout") ?? TIMEOUT_SEC);
  return {};
}

/** Takes the place of what was there; when it registered and for how long stays, and who never registered does so now. */
function report(call: Call, body: Body): object {
  const url = textOf(body, "endpoint_url") ?? "";
  if (url === "") throw new ApiFault(400, 12, "Validation error (Missing required field 'endpoint_url')");
  const { company } = call.caller;
  const id = requiredText(body, "container_id");
  const before = call.db.get<{ registered: number; timeout_sec: number }>(
    "SELECT registered, timeout_sec FROM serving_containers WHERE company = ? AND id = ? AND expires > ?",
    company,
    id,
    call.nowMs,
  );
  save(call, body, before?.registered ?? call.nowMs, before?.timeout_sec ?? TIMEOUT_SEC);
  const sql = "INSERT INTO serving_points (company, url, container, at, figures) VALUES (?, ?, ?, ?, ?)";
  call.db.run(sql, company, url, id, call.nowMs, JSON.stringify(figuresOf(body)));
  const old = `SELECT seq FROM serving_points WHERE at < ? LIMIT ${SWEPT}`;
  call.db.run(`DELETE FROM serving_points WHERE seq IN (${old})`, call.nowMs - KEPT_MS);
  return {};
}

function save(call: Call, body: Body, registeredMs: number, timeoutSec: number): void {
  const info = infoOf(body);
  call.db.run("DELETE FROM serving_containers WHERE expires <= ?", call.nowMs);
  call.db.run(
    `INSERT OR REPLACE INTO serving_containers (company, id, url, info, registered, timeout_sec, updated, expires)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    call.caller.company,
    requiredText(body, "container_id"),
    info.url,
    JSON.stringify(info),
    registeredMs,
    timeoutSec,
    call.nowMs,
    call.nowMs + Math.min(timeoutSec * 1000, Number.MAX_SAFE_INTEGER / 2),
  );
}

function unregister(call: Call, body: Body): object {
  call.db.run("DELETE FROM serving_containers WHERE company = ? AND id = ?", call.caller.company, requiredText(body, "container_id"));
  return {};
}

export const SERVING_ENDPOINTS: readonly Endpoint[] = [
  write("serving.register_container", register),
  write("serving.unregister_container", unregister),
  write("serving.container_status_report", report),
];
