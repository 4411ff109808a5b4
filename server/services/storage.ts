import { ApiFault } from "../api-fault.ts";
import { isMap, mapListOf, textListOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";

/** `storage.*` (clearml-services.md 13): keys of object stores that the company's people share, secrets included. */
const SECTIONS = ["aws", "google", "azure"];
const AWS_TEXTS = ["key", "secret", "token", "region"];
/** What an AWS bucket is, where it says nothing else. */
const BUCKET: Document = {
  bucket: "",
  subdir: "",
  host: "",
  key: "",
  secret: "",
  token: "",
  region: "",
  acl: "",
  multipart: true,
  secure: true,
  verify: null,
  use_credentials_chain: false,
};

function stored(call: Call): Document | undefined {
  const row = call.db.get<{ settings: string }>("SELECT settings FROM storage_settings WHERE company = ?", call.caller.company);
  return row === undefined ? undefined : (JSON.parse(row.settings) as Document);
}

function store(call: Call, sections: Document): object {
  const settings = JSON.stringify({ ...sections, last_update: wireDate(call.nowMs) });
  call.db.run("INSERT OR REPLACE INTO storage_settings (company, settings) VALUES (?, ?)", call.caller.company, settings);
  return { updated: 1 };
}

function getSettings(call: Call): object {
  const { aws, google, azure, last_update = null } = stored(call) ?? {};
  return { settings: { aws: shownAws(aws), google: shownGoogle(google), azure: shownAzure(azure), last_update } };
}

/** Texts are empty as long as nothing was set, and null where something was; buckets without keys of their own are not shown. */
function shownAws(aws: unknown): object {
  const given = isMap(aws) ? aws : Object.fromEntries(AWS_TEXTS.map((name) => [name, ""]));
  const texts = AWS_TEXTS.map((name) => [name, given[name] ?? null]);
  const buckets = (mapListOf(given, "buckets") ?? []).filter(({ key, secret }) => Boolean(key) && Boolean(secret));
  return {
    ...Object.fromEntries(texts),
    use_credentials_chain: given["use_credentials_chain"] ?? false,
    buckets: buckets.map((bucket) => ({ ...BUCKET, ...withoutNulls(bucket) })),
  };
}

function shownGoogle(google: unknown): object {
  const { project = null, credentials_json = null, buckets } = isMap(google) ? google : {};
  return { project, credentials_json, buckets: buckets ?? [] };
}

const shownAzure = (azure: unknown): object => ({ containers: (isMap(azure) ? azure["containers"] : undefined) ?? [] });

const withoutNulls = (map: Document): Document => Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null));

/** What is given takes the place of its whole section. */
function setSettings(call: Call, body: Body): object {
  const given = Object.fromEntries(SECTIONS.filter((name) => isMap(body[name])).map((name) => [name, body[name]]));
  if (Object.keys(given).length === 0) throw new ApiFault(400, 12, "Validation error (No settings were provided)");
  const { google } = given;
  for (const holder of isMap(google) ? [google, ...(mapListOf(google, "buckets") ?? [])] : []) requireJson(holder["credentials_json"]);
  return store(call, { ...stored(call), ...given });
}

function requireJson(text: unknown): void {
  if (typeof text !== "string" || text === "") return;
  try {
    JSON.parse(text);
  } catch {
    throw new ApiFault(400, 12, "Validation error (Google credentials_json is not a valid JSON)");
  }
}

function resetSettings(call: Call, body: Body): object {
  const settings = stored(call);
  if (settings === undefined) return { updated: 0 };
  const keys = textListOf(body, "keys") ?? [];
  return store(call, Object.fromEntries(Object.entries(settings).filter(([name]) => !keys.includes(name))));
}

export const STORAGE_ENDPOINTS: readonly Endpoint[] = [
  read("storage.get_settings", getSettings),
  write("storage.set_settings", setSettings),
  write("storage.reset_settings", resetSettings),
];
