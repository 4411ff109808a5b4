import { isRefusal } from "../../api/api-error.ts";
import type { Answer } from "../../api/connections.ts";
import type { Queue } from "../../api/wire/queue.ts";
import { messageOf } from "../../base/errors.ts";
import { formatDuration } from "../../base/units.ts";
import { type Check, type Finding, fail, ok, warn } from "./check.ts";
import type { DoctorContext } from "./context.ts";

const ANSWER_MS = 15_000;
const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };
/** More than this between the clocks is told; the second makes tokens be refused. */
const SKEW_WARN_MS = 5_000;
const SKEW_FAIL_MS = 300_000;

export const SERVER: readonly Check[] = [
  { id: "server", needs: ["configuration"], timeoutMs: 15_000, look: apiAnswers },
  { id: "clock", needs: ["server"], timeoutMs: 15_000, look: clockSkew },
  { id: "credentials", needs: ["server"], timeoutMs: 20_000, look: credentials },
  { id: "queues", needs: ["credentials"], timeoutMs: 20_000, look: queues },
  {
    id: "file server",
    needs: ["configuration"],
    applies: ({ config }) => config.server.files !== undefined,
    timeoutMs: 15_000,
    look: (context, signal) => siteAnswers(context, "files", signal),
  },
  {
    id: "web server",
    needs: ["configuration"],
    applies: ({ config }) => config.server.web !== undefined,
    timeoutMs: 15_000,
    look: (context, signal) => siteAnswers(context, "web", signal),
  },
];

async function apiAnswers(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const { api } = context.config.server;
  try {
    const started = performance.now();
    const answer = await get(context, `${api}/debug.ping`, signal);
    const took = formatDuration(performance.now() - started);
    const isApi = answer.text.includes('"meta"');
    if (isApi) return ok(`${api} answers in ${took}`);
    return fail(
      `${api} answers with HTTP ${answer.status}, but not as a ClearML API server`,
      "server.api must be the API's address (port 8008 or /api), not that of the web application.",
    );
  } catch (error) {
    return fail(`${api} cannot be reached (${messageOf(error)})`, cureOf(error, "server.api or CLEARML_API_HOST"));
  }
}

/** Any answer but a server's own failure counts. */
async function siteAnswers(context: DoctorContext, site: "files" | "web", signal: AbortSignal): Promise<Finding> {
  const url = context.config.server[site] ?? "";
  try {
    const answer = await get(context, url, signal);
    if (answer.status < 500) return ok(`${url} answers`);
    return warn(`${url} answers with HTTP ${answer.status}`, "Look at that server's log: artifacts of tasks go there.");
  } catch (error) {
    return fail(`${url} cannot be reached (${messageOf(error)})`, cureOf(error, `server.${site}`));
  }
}

async function clockSkew(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const before = Date.now();
  const { headers } = await get(context, `${context.config.server.api}/debug.ping`, signal);
  const there = Date.parse(headers.date ?? "");
  if (Number.isNaN(there)) return ok("the server tells no time to compare with");
  const skewMs = (before + Date.now()) / 2 - (there + 500);
  const off = `this machine is ${formatDuration(Math.abs(skewMs))} ${skewMs > 0 ? "ahead of" : "behind"} the server`;
  const cure = "Set the clock by NTP (timedatectl set-ntp true), here or there: the console is ordered by time.";
  if (Math.abs(skewMs) >= SKEW_FAIL_MS) return fail(off, cure);
  return Math.abs(skewMs) >= SKEW_WARN_MS ? warn(off, cure) : ok("as the server's, to a second or two");
}

async function credentials({ client, config }: DoctorContext, signal: AbortSignal): Promise<Finding> {
  try {
    const identity = await client.session.identity({ signal, retry: ONCE });
    await client.queues.getDefault({ signal, retry: ONCE }).catch((error: unknown) => {
      if (!isRefusal(error, 707, 708)) throw error;
    });
    const user = (identity["identity"] as { user_name?: string } | undefined)?.user_name ?? "somebody";
    return ok(`accepted, user ${user}, server ${String(identity["server_version"] ?? "of unknown version")}`);
  } catch (error) {
    if (!isRefusal(error, 20, 21, 22, 23)) throw error;
    return fail(
      `${config.server.api} does not accept them`,
      "Make a new key pair in the web application's settings; windlass init writes it down, windlass config shows where the present one comes from.",
    );
  }
}

async function queues({ client, config }: DoctorContext, signal: AbortSignal): Promise<Finding> {
  if (config.queues.length === 0) return await defaultQueue(client.queues.getDefault({ signal, retry: ONCE }));
  const all = await client.queues.all({ signal, retry: ONCE });
  const missing = config.queues.filter((wanted) => !all.some((queue) => isNamed(queue, wanted)));
  if (missing.length === 0) return ok(config.queues.join(", "));
  if (config.createQueue) return ok(`${config.queues.join(", ")}; the agent makes ${missing.join(", ")}`);
  return fail(
    `there is no queue ${missing.join(", ")}`,
    "Make it in the web application, or start the agent with --create-queue; until then it is waited for.",
  );
}

const isNamed = (queue: Queue, wanted: string): boolean => queue.id === wanted || queue.name.toLowerCase() === wanted.toLowerCase();

async function defaultQueue(asked: Promise<{ name: string }>): Promise<Finding> {
  try {
    return ok(`none configured: the server's default queue, ${(await asked).name}`);
  } catch (error) {
    if (!isRefusal(error, 707, 708)) throw error;
    return fail("none configured, and the server has no default queue", "Name queues with --queue or agent.queues.");
  }
}

/** As the agent itself asks: with its authorities and its proxy. */
async function get(context: DoctorContext, url: string, signal: AbortSignal): Promise<Answer> {
  return await context.connections.exchange(url, { method: "GET", timeoutMs: ANSWER_MS, signal });
}

function cureOf(error: unknown, key: string): string {
  if (/certificate|self.signed|issuer/i.test(messageOf(error))) return "Name the file of its authority in network.ca_bundle.";
  return `Check ${key}, the network, a firewall or proxy in between, and that the server runs.`;
}
