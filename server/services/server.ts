import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import { OLD_STYLE } from "../contract/corrections.ts";
import { OFFICIAL } from "../contract/official.ts";
import { sinceOf } from "../contract/versions.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { API_VERSION, SERVER_VERSION, versionNumber } from "../version.ts";

/** The server about itself (clearml-services.md 10). */
function info(call: Call): object {
  const since = (version: string): boolean => call.version >= versionNumber(version);
  return {
    version: SERVER_VERSION,
    build: "",
    commit: "",
    ...(since("2.12") ? { api_version: API_VERSION } : since("2.8") ? { uid: installationId(call) } : {}),
  };
}

/** One id for one data folder: that of its first user. */
function installationId(call: Call): string {
  return call.db.get<{ id: string }>("SELECT id FROM users ORDER BY seq LIMIT 1")?.id ?? "";
}

/** Whether statistics may be sent to the makers of the official server. The answer is kept, and nothing is ever sent. */
function reportStatsOption(call: Call, body: Body): object {
  const { enabled } = body;
  if (typeof enabled === "boolean")
    saveOption(call, "report_stats", {
      enabled,
      enabled_time: localDate(call.nowMs),
      enabled_version: SERVER_VERSION,
      enabled_user: call.caller.user,
    });
  return { supported: true, enabled: false, ...savedOption(call, "report_stats"), current_version: SERVER_VERSION };
}

function saveOption(call: Call, name: string, value: object): void {
  call.db.run("INSERT OR REPLACE INTO server_options (name, value) VALUES (?, ?)", name, JSON.stringify(value));
}

function savedOption(call: Call, name: string): object {
  const row = call.db.get<{ value: string }>("SELECT value FROM server_options WHERE name = ?", name);
  return row === undefined ? {} : (JSON.parse(row.value) as object);
}

/** A date as this call alone writes it: microseconds, no offset (clearml-services.md 1.6). */
const localDate = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000`;

/** What other servers have in files and here is fixed, in the official names; `path` leads into it. */
function config(call: Call, { path }: Body): object {
  const settings = {
    apiserver: { default_company: call.caller.company, version: { required: true, default: 1.0, check_max_version: false } },
    services: { _mongo: { max_page_size: 500 }, events: { events_retrieval: { state_expiration_sec: 3600 } } },
  };
  if (typeof path !== "string" || path === "") return settings;
  const found = path.split(".").reduce<unknown>((at, key) => (isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined), settings);
  if (!isMap(found)) throw new ApiFault(500, 0, `No configuration setting found for key ${path}`);
  return found;
}

/** How much there is; the official server counts machines and experiments of its sender's period beside it. */
function stats(call: Call): object {
  const count = (table: string): number => call.db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
  const server = {
    version: SERVER_VERSION,
    uuid: installationId(call),
    queues: { count: count("queues") },
    users: { count: count("users") },
    projects: { count: count("projects") },
    models: { count: count("models") },
  };
  return { time: localDate(call.nowMs), company_id: call.caller.company, server, experiments: { count: count("tasks") } };
}

/** Each official endpoint, all forms in one line: what it needs and since when it answers. */
function endpoints(): object {
  const summary = Object.keys(OFFICIAL.endpoints).map((name) => {
    const line = {
      min_version: sinceOf(name),
      required_fields: OLD_STYLE[name] ?? null,
      request_data_model: null,
      response_data_model: null,
    };
    return [name, [line]];
  });
  return { endpoints: Object.fromEntries(summary), models: {} };
}

export const SERVER_ENDPOINTS: readonly Endpoint[] = [
  read("debug.ping", (_call, body) => ({ msg: "ClearML server", ...body })),
  read("server.info", info),
  write("server.report_stats_option", reportStatsOption),
  read("server.config", config),
  read("server.get_stats", stats),
  read("server.endpoints", endpoints),
];
